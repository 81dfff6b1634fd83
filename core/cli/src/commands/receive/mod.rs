//! `fieldcast receive`

mod accept_policy;
mod view;

use fieldcast::{
    Answer, DialState, DialTarget, EndReason, Question, ReceiveEvent, ReceiveSession, Settings, Subscription,
    choose_interface,
};

use self::accept_policy::{AcceptPolicy, Verdict};
use self::view::View;
use crate::app::App;
use crate::args::ReceiveArgs;
use crate::commands::invite;
use crate::error::{Error, Result};
use crate::events;
use crate::prompt::{self, Typed};

pub(crate) async fn run(app: &App, args: &ReceiveArgs) -> Result {
    let call = whom_to_call(args).await?;
    let interface = choose_interface(args.interface.as_deref())?;
    let settings = Settings { device_name: args.name.clone(), ..Settings::new(app.data_dir()?) };
    let engine = app.engine_with(settings).await?;
    let mut settings = engine.exchange_settings();
    (settings.port, settings.mdns) = (args.port, !args.no_mdns);
    settings.roaming.any = args.interface.is_none();
    let session = engine.receive(interface.clone(), settings).await?;
    let events = session.subscribe();
    app.out.event(|| events::listening(session.addr(), &engine))?;
    let (name, fingerprint) = (engine.name(), engine.fingerprint().short());
    app.out.line(format_args!(
        "Waiting for a distributor as {name} [{fingerprint}] on {} ({}). Ctrl-C ends.",
        session.addr().map(|addr| addr.to_string()).unwrap_or_default(),
        interface.name
    ))?;
    let mut receiving = Receiving {
        view: View::new(app.out),
        door: AcceptPolicy::new(args, app.out.is_interactive(), call.is_some()),
        once: args.once,
        calls: call.is_some(),
        open: None,
        typed: Typed::default(),
    };
    if let Some(call) = call {
        session.dial(call);
    }
    let ended = tokio::select! {
        ended = receiving.run(&session, events) => ended,
        () = app.stop.wanted() => Err(Error::Interrupted),
    };
    receiving.view.clear();
    session.stop().await;
    ended
}

/// The distributor whose address is known: from its invite, or typed.
async fn whom_to_call(args: &ReceiveArgs) -> Result<Option<DialTarget>> {
    if let Some(invite) = &args.invite {
        return Ok(Some(DialTarget::from(&invite::given(invite).await?)));
    }
    let typed = args.from.as_ref().and_then(|from| from.parse().ok());
    Ok(typed.map(|addr| DialTarget { addr, expected: None, token: None }))
}

/// A session as it is answered and shown.
struct Receiving {
    view: View,
    door: AcceptPolicy,
    once: bool,
    /// Whether a distributor is called whose address was given.
    calls: bool,
    /// The question a person is to answer.
    open: Option<Question>,
    typed: Typed,
}

impl Receiving {
    /// Runs until there is no more to wait for.
    async fn run(&mut self, session: &ReceiveSession, mut events: Subscription<ReceiveEvent>) -> Result {
        if self.door.asks_person() {
            self.typed = Typed::listen();
        }
        loop {
            tokio::select! {
                event = events.next() => {
                    let lost = || Error::Unexpected("the session ended by itself; please report this".to_owned());
                    if let Some(ended) = self.on_event(session, event.ok_or_else(lost)?)? {
                        return ended;
                    }
                }
                line = self.typed.next() => self.parked(session, line.as_deref()),
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
                        self.typed.forget();
                        self.view.ask(&question);
                        self.open = Some(question);
                    }
                    Verdict::Leave => {}
                }
            }
            ReceiveEvent::Resumed(sender, code) => {
                self.door.welcome(&sender);
                self.view.resumed(&sender, code)?;
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
                let is_final = reason != EndReason::Lost && self.door.is_guest(&sender);
                return Ok((self.once && is_final).then_some(Err(Error::Nothing)));
            }
            ReceiveEvent::Dial(addr, state) => {
                self.view.dial(addr, &state)?;
                return Ok(self.on_call(state));
            }
            ReceiveEvent::DistributorFound(distributor) => {
                self.view.heard(&distributor)?;
                if let Some(call) = self.door.calls(&distributor) {
                    session.dial(call);
                }
            }
            ReceiveEvent::DistributorLost(distributor) => self.door.forget(&distributor),
            ReceiveEvent::SharedKey(devices) => self.view.shared_key(&devices)?,
            ReceiveEvent::Network(change) => self.view.network(&change)?,
        }
        Ok(None)
    }

    /// Takes news of a call; an address or invite that was given and is of no use ends the command.
    fn on_call(&mut self, state: DialState) -> Option<Result> {
        match state {
            DialState::Connected(distributor) => self.door.answered(distributor),
            DialState::GaveUp(reason) if self.calls => return Some(Err(fieldcast::Error::Refused(reason).into())),
            DialState::Connecting | DialState::Retrying(_) | DialState::GaveUp(_) => {}
        }
        None
    }

    fn parked(&mut self, session: &ReceiveSession, line: Option<&str>) {
        if let Some(question) = self.open.take() {
            // No line at all: whoever was to answer has closed the input.
            session.answer(question.id, prompt::compared(line.unwrap_or_default()));
        }
    }
}
