//! Ctrl-C, and the SIGTERM that init systems send.

use tokio::sync::watch;

/// Whether the user wants the command to end. The second Ctrl-C ends the process at once.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Starts to listen. Call it inside a runtime.
    pub(crate) fn listen() -> Self {
        let (wanted, stop) = watch::channel(false);
        tokio::spawn(async move {
            signal().await;
            wanted.send_replace(true);
            signal().await;
            std::process::exit(130);
        });
        Self(stop)
    }

    /// Waits until the user wants the command to end.
    pub(crate) async fn wanted(&self) {
        let mut stop = self.0.clone();
        if stop.wait_for(|wanted| *wanted).await.is_err() {
            std::future::pending().await
        }
    }
}

async fn signal() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    };
    tokio::select! {
        () = ctrl_c => {}
        () = terminate() => {}
    }
}

#[cfg(unix)]
async fn terminate() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}
