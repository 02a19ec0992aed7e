//! Killed while half of an answer has come: what was half there is never taken for whole.

use std::time::{Duration, Instant};

use crate::cli::{run, tieout};
use crate::extract::{files, folder};
use crate::fake_org::faults::{Fault, FaultKind};
use crate::fake_org::{Server, generated};

#[test]
fn killed_in_the_middle_of_an_answer_it_goes_on_to_the_same_bytes() {
    let mut org = generated::org(200, 5);
    org.now = Some(1_795_500_000);
    // Several pages in each object, and no time lost with jobs.
    (org.rest_page_cap, org.bulk_max_rows_per_page, org.job_polls) = (30, 30, 1);
    let server = Server::start(org);
    let token = server.with(|org| org.access_token.clone());
    let parent = folder();
    let config = parent.path().join("tieout.toml");
    std::fs::write(&config, format!("[salesforce]\ninstance_url = \"{}\"\n", server.url())).expect("a writable file");
    let command = |out: &str, api: &str| {
        let mut command = tieout();
        command.args(["extract", "--quiet", "--api", api, "-c"]).arg(&config).arg("--out").arg(parent.path().join(out));
        command.env("SF_ACCESS_TOKEN", &token);
        command
    };
    for api in ["rest", "bulk"] {
        let before = server.log().len();
        let (code, _, stderr) = run(&mut command(&format!("whole-{api}"), api));
        assert_eq!(code, 0, "{stderr}");
        let requests = server.log().len() - before;
        assert!(requests > 20, "{requests}");
        let whole = files(&parent.path().join(format!("whole-{api}")));
        for nth in 0..requests {
            let out = format!("killed-{api}-{nth}");
            let start = server.log().len();
            server.add_fault(Fault::once("/services/", FaultKind::StallBody).skip(nth));
            let mut child = command(&out, api).spawn().expect("the binary runs");
            let until = Instant::now() + Duration::from_secs(10);
            let stalled = || server.log().get(start + nth).is_some_and(|seen| seen.answered != 0);
            while !stalled() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
            assert!(stalled(), "request {nth} by {api} never came");
            // Time for the half to arrive and to be waited upon.
            std::thread::sleep(Duration::from_millis(15));
            assert!(child.try_wait().expect("a state").is_none(), "half of answer {nth} by {api} was taken for whole");
            child.kill().expect("it runs");
            child.wait().expect("it ends");
            server.clear_faults();
            assert!(!parent.path().join(&out).exists(), "a partial snapshot stands under its name");
            let (code, _, stderr) = run(&mut command(&out, api));
            assert_eq!(code, 0, "killed in answer {nth} by {api}: {stderr}");
            assert!(files(&parent.path().join(&out)) == whole, "the snapshot differs: killed in answer {nth} by {api}");
        }
    }
    assert_eq!(server.writes(), Vec::<String>::new());
}
