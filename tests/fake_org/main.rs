//! `cargo run --example fake-org -- --rows 5000`: a local Salesforce to aim real clients at.
//!
//! Prints its address and an access token on two lines and runs until it is ended. `--snapshot DIR` serves
//! the files of a snapshot instead of made-up rows; `--port N` takes that port; `--page-rows N` is the most
//! rows of a page of Bulk. Nothing in it is real, and it takes no writes.

#![expect(clippy::print_stdout, reason = "it tells where it is")]
#![expect(clippy::expect_used, clippy::panic, reason = "wrong arguments end it")]

#[path = "server.rs"]
mod fake_org;

use std::io::Write as _;
use std::path::Path;

use fake_org::{Server, generated};

fn main() {
    let (mut rows, mut seed, mut port, mut snapshot, mut page_rows) = (5_000, 1, 0, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments.next().unwrap_or_else(|| panic!("{flag} needs a value"));
        match flag.as_str() {
            "--rows" => rows = value.parse().expect("a number of rows"),
            "--seed" => seed = value.parse().expect("a seed"),
            "--port" => port = value.parse().expect("a port"),
            "--page-rows" => page_rows = Some(value.parse().expect("a number of rows")),
            "--snapshot" => snapshot = Some(value),
            _ => panic!("unknown: {flag}; there are --rows, --seed, --port, --page-rows and --snapshot"),
        }
    }
    let mut org = match snapshot {
        Some(folder) => generated::from_folder(Path::new(&folder)),
        None => generated::package(rows, seed),
    };
    org.bulk_max_rows_per_page = page_rows.unwrap_or(org.bulk_max_rows_per_page);
    let token = org.access_token.clone();
    let server = Server::start_on(org, port);
    println!("{}\n{token}", server.url());
    std::io::stdout().flush().expect("somebody reads it");
    loop {
        std::thread::park();
    }
}
