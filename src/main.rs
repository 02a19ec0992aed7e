//! The binary: arguments in, exit code out. Everything else is in the library.

use std::process::ExitCode;

use tieout::exit::Exit;

mod cli;

fn main() -> ExitCode {
    let handled = ctrlc::set_handler(|| {
        tieout::inputs::salesforce::abandon();
        tieout::outputs::writer::abandon();
        // An interrupt ends the process wherever it is.
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    // Without the handler an interrupt still ends the run; only the unfinished folder stays.
    drop(handled);
    let described = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !tieout::outputs::xlsx::is_guarded() {
            described(panic);
        }
    }));
    cli::main().into()
}
