//! Progress of the long part of a run, on a terminal only.

use std::io::{Read, Result};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Measures a rate per second since its start.
#[derive(Debug, Clone, Copy)]
pub struct Rate(std::time::Instant);

impl Rate {
    /// Starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a rate is shown on a terminal and stands in no output")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Average per second since the start.
    #[must_use]
    pub fn per_second(self, number: u64) -> f64 {
        number as f64 / self.0.elapsed().as_secs_f64().max(0.001)
    }
}

/// Progress of reading.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Shows nothing.
    #[must_use]
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// A bar on standard error, if that is a terminal.
    #[must_use]
    pub fn on_terminal() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {msg:<28} {bar:30} {bytes} of {total_bytes}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }

    /// Names the current stage.
    pub fn stage(&self, message: &'static str) {
        self.bar.set_message(message);
    }

    /// Prints progress that is not measured in bytes.
    pub fn print(&self, message: String) {
        self.bar.set_message(message);
    }

    /// Adds bytes to be read.
    pub fn expect(&self, bytes: u64) {
        self.bar.inc_length(bytes);
    }

    /// Adds bytes read.
    pub fn read(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Wraps a reader to count its bytes.
    pub fn reading<R: Read>(&self, inner: R) -> impl Read + use<R> {
        Reading { inner, progress: self.clone() }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

struct Reading<R> {
    inner: R,
    progress: Progress,
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let length = self.inner.read(buffer)?;
        self.progress.read(length as u64);
        Ok(length)
    }
}
