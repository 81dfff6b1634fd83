//! `fieldcast receive`

mod door;
mod view;

use std::time::Duration;

use fieldcast::{Answer, Question, Reason, ReceiveEvent, ReceiveSession, Settings, Subscription, choose_interface};
use tokio::sync::mpsc;

use self::door::{Door, Verdict};
use self::view::View;
use crate::app::App;
use crate::args::ReceiveArgs;
use crate::error::{Error, Result};
use crate::{events, prompt};

/// How often to look whether the network is still there: a socket on one that went stays silent instead of failing.
const LOOK: Duration = Duration::from_secs(5);

pub(crate) async fn run(app: &App, args: &ReceiveArgs) -> Result {
    let interface = choose_interface(args.interface.as_deref())?;
    let settings = Settings { device_name: args.name.clone(), ..Settings::new(app.data_dir()?) };
    let engine = app.engine_with(settings).await?;
    let session = engine.receive(&interface, args.port, engine.exchange_settings()).await?;
    let events = session.subscribe();
    app.out.event(|| events::listening(session.addr(), &engine))?;
    let (name, fingerprint) = (engine.name(), engine.fingerprint().short());
    app.out.line(format_args!(
        "Waiting for a distributor as {name} [{fingerprint}] on {} ({}). Ctrl-C ends.",
        session.addr(),
        interface.name
    ))?;
    let mut receiving = Receiving {
        view: View::new(app.out),
        door: Door::new(args, app.out.is_interactive()),
        once: args.once,
        open: None,
    };
    let gone = async {
        while interface.is_present() {
            tokio::time::sleep(LOOK).await;
        }
    };
    let ended = tokio::select! {
        ended = receiving.run(&session, events) => ended,
        () = gone => Err(fieldcast::NetworkError::InterfaceGone { name: interface.name.clone() }.into()),
        () = app.stop.wanted() => Err(Error::Interrupted),
    };
    receiving.view.clear();
    session.stop().await;
    ended
}

/// A session as it is answered and shown.
struct Receiving {
    view: View,
    door: Door,
    once: bool,
    /// The question a person is to answer.
    open: Option<Question>,
}

impl Receiving {
    /// Runs until there is no more to wait for.
    async fn run(&mut self, session: &ReceiveSession, mut events: Subscription<ReceiveEvent>) -> Result {
        let mut typed = self.door.asks_person().then(prompt::lines);
        loop {
            tokio::select! {
                event = events.next() => {
                    let lost = || Error::Unexpected("the session ended by itself; please report this".to_owned());
                    if let Some(ended) = self.on_event(session, event.ok_or_else(lost)?)? {
                        return ended;
                    }
                }
                line = next_line(&mut typed) => self.on_line(session, line.as_deref()),
            }
        }
    }

    /// Takes an event; `Some` when the session is over with it.
    fn on_event(&mut self, session: &ReceiveSession, event: ReceiveEvent) -> Result<Option<Result>> {
        match event {
            ReceiveEvent::Asked(question) => {
                self.view.asked(&question)?;
                match self.door.opens(&question.sender) {
                    Verdict::Accept => session.answer(question.id, Answer::Once),
                    Verdict::Decline => session.answer(question.id, Answer::Decline),
                    Verdict::AskPerson => {
                        self.view.ask(&question);
                        self.open = Some(question);
                    }
                    Verdict::Leave => {}
                }
            }
            ReceiveEvent::Resumed(sender) => {
                self.door.welcome(&sender);
                self.view.resumed(&sender)?;
            }
            ReceiveEvent::Changed(state) => self.view.changed(&state)?,
            ReceiveEvent::Saved(received) => {
                self.open = None;
                self.view.saved(&received)?;
                return Ok(self.once.then_some(Ok(())));
            }
            ReceiveEvent::Ended(sender, reason) => {
                let was_open = self.open.take().is_some();
                self.view.ended(&sender, &reason, was_open)?;
                let is_final = reason != Reason::Lost && self.door.is_guest(&sender);
                return Ok((self.once && is_final).then_some(Err(Error::Nothing)));
            }
        }
        Ok(None)
    }

    fn on_line(&mut self, session: &ReceiveSession, line: Option<&str>) {
        if let Some(question) = self.open.take() {
            // No line at all: whoever was to answer has closed the input.
            let answer = match (prompt::compared(line.unwrap_or_default()), question.code) {
                (Answer::Trust, None) => Answer::Once, // known already
                (answer, _) => answer,
            };
            session.answer(question.id, answer);
        }
    }
}

async fn next_line(typed: &mut Option<mpsc::UnboundedReceiver<String>>) -> Option<String> {
    let line = match typed {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    };
    if line.is_none() {
        *typed = None;
    }
    line
}
