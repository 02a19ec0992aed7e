//! Connections that can be reset, and bodies that can break off.

use std::io::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// A connection that ends with a reset when told so.
pub(crate) struct Wire {
    stream: TokioIo<TcpStream>,
    reset: Arc<AtomicBool>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, reset: Arc<AtomicBool>) -> Self {
        Self { stream: TokioIo::new(stream), reset }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.reset.load(Ordering::SeqCst) {
            let _ = self.stream.inner().set_zero_linger();
        }
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // A polite end would come before the reset.
        if self.reset.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A body that declares its length and may break off before it.
pub(crate) struct Answer {
    data: Option<Bytes>,
    declared: u64,
    /// Set when it breaks off: after how long, so that what was sent before arrives.
    breaks_off: Option<Pin<Box<Sleep>>>,
    /// Set when it comes byte by byte: the pause before the next one, and how long one is.
    drip: Option<(Pin<Box<Sleep>>, Duration)>,
}

impl Answer {
    pub(crate) fn new(whole: &Bytes, cut: Option<(usize, Duration)>, drip: Option<Duration>) -> Self {
        let declared = u64::try_from(whole.len()).unwrap_or(u64::MAX);
        let cut = cut.filter(|&(bytes, _)| bytes < whole.len());
        Self {
            data: Some(cut.map_or(whole.clone(), |(bytes, _)| whole.slice(..bytes))).filter(|data| !data.is_empty()),
            declared,
            breaks_off: cut.map(|(_, after)| Box::pin(tokio::time::sleep(after))),
            drip: drip.map(|pause| (Box::pin(tokio::time::sleep(pause)), pause)),
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let answer = &mut *self;
        if let Some((sleep, pause)) = &mut answer.drip
            && let Some(mut rest) = answer.data.take()
        {
            if sleep.as_mut().poll(context).is_pending() {
                answer.data = Some(rest);
                return Poll::Pending;
            }
            *sleep = Box::pin(tokio::time::sleep(*pause));
            let next = rest.split_to(1);
            answer.data = Some(rest).filter(|rest| !rest.is_empty());
            return Poll::Ready(Some(Ok(Frame::data(next))));
        }
        if let Some(data) = answer.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match &mut answer.breaks_off {
            None => Poll::Ready(None),
            Some(sleep) => {
                sleep.as_mut().poll(context).map(|()| Some(Err(Error::other("a fault breaks the body off"))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.breaks_off.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.declared)
    }
}
