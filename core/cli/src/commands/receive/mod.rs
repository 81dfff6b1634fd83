//! `fieldcast receive`

mod accept_policy;
mod view;

use fieldcast::{
    Answer, DialState, DialTarget, EndReason, Question, ReceiveEvent, ReceiveSession, Settings, Subscription,
    choose_interface,
};

use self::accept_policy::{AcceptDecision, AcceptPolicy};
use self::view::ReceiveView;
use crate::app::App;
use crate::args::ReceiveArgs;
use crate::commands::invite;
use crate::error::{Error, Result};
use crate::events;
use crate::prompt::{self, Typed};

pub(crate) async fn run(app: &App, args: &ReceiveArgs) -> Result {
    let target = dial_target(args).await?;
    let interface = choose_interface(args.interface.as_deref())?;
    let settings = Settings { device_name: args.name.clone(), ..Settings::new(app.data_dir()?) };
    let engine = app.engine_with(settings).await?;
    let mut settings = engine.exchange_settings();
    (settings.port, settings.mdns) = (args.port, !args.no_mdns);
    settings.interface_monitor.any = args.interface.is_none();
    let session = engine.receive(interface.clone(), settings).await?;
    let events = session.subscribe();
    app.out.event(|| events::listening(session.addr(), &engine))?;
    let (name, fingerprint) = (engine.name(), engine.fingerprint().short());
    app.out.line(format_args!(
        "Waiting for a distributor as {name} [{fingerprint}] on {} ({}). Stop with Ctrl-C.",
        session.addr().map(|addr| addr.to_string()).unwrap_or_default(),
        interface.name
    ))?;
    let mut receiving = Receiving {
        view: ReceiveView::new(app.out),
        policy: AcceptPolicy::new(args, app.out.is_interactive(), target.is_some()),
        once: args.once,
        dials: target.is_some(),
        open: None,
        typed: Typed::default(),
    };
    if let Some(target) = target {
        session.dial(target);
    }
    let ended = tokio::select! {
        ended = receiving.run(&session, events) => ended,
        () = app.stop.wanted() => Err(Error::Interrupted),
    };
    receiving.view.clear();
    session.stop().await;
    ended
}

/// The distributor whose address the arguments give, as an invite or as an address.
async fn dial_target(args: &ReceiveArgs) -> Result<Option<DialTarget>> {
    if let Some(invite) = &args.invite {
        return Ok(Some(DialTarget::from(&invite::parse(invite).await?)));
    }
    let typed = args.from.as_ref().and_then(|from| from.parse().ok());
    Ok(typed.map(|addr| DialTarget { addr, expected: None, token: None }))
}

/// Answers the questions of a session and shows its events.
struct Receiving {
    view: ReceiveView,
    policy: AcceptPolicy,
    once: bool,
    /// Whether the arguments give a distributor's address, which this device dials.
    dials: bool,
    /// The question on the screen.
    open: Option<Question>,
    typed: Typed,
}

impl Receiving {
    /// Runs until the command ends.
    async fn run(&mut self, session: &ReceiveSession, mut events: Subscription<ReceiveEvent>) -> Result {
        if self.policy.asks_user() {
            self.typed = Typed::listen();
        }
        loop {
            tokio::select! {
                event = events.next() => {
                    if let Some(ended) = self.on_event(session, event.ok_or_else(Error::session_ended)?)? {
                        return ended;
                    }
                }
                line = self.typed.next() => self.on_typed(session, line.as_deref()),
            }
        }
    }

    /// Handles an event. Returns `Some` if the command ends with it.
    fn on_event(&mut self, session: &ReceiveSession, event: ReceiveEvent) -> Result<Option<Result>> {
        match event {
            ReceiveEvent::Asked(question) => {
                self.view.asked(&question)?;
                match self.policy.decide(&question.sender) {
                    AcceptDecision::Accept => session.answer(question.id, Answer::Once),
                    AcceptDecision::Decline => session.answer(question.id, Answer::Decline),
                    AcceptDecision::AskUser => {
                        self.typed.discard();
                        self.view.ask(&question);
                        self.open = Some(question);
                    }
                    AcceptDecision::Leave => {}
                }
            }
            ReceiveEvent::Resumed(sender, code) => {
                self.policy.note_asked(&sender);
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
                let is_final = reason != EndReason::Lost && self.policy.has_asked(&sender);
                return Ok((self.once && is_final).then_some(Err(Error::Nothing)));
            }
            ReceiveEvent::Dial(addr, state) => {
                self.view.dial(addr, &state)?;
                return Ok(self.on_dial(state));
            }
            ReceiveEvent::DistributorFound(distributor) => {
                self.view.discovered(&distributor)?;
                if let Some(target) = self.policy.target_for(&distributor) {
                    session.dial(target);
                }
            }
            ReceiveEvent::DistributorLost(distributor) => self.policy.forget(&distributor),
            ReceiveEvent::SharedKey(devices) => self.view.shared_key(&devices)?,
            ReceiveEvent::Network(change) => self.view.network(&change)?,
        }
        Ok(None)
    }

    /// Handles the state of a connection. If a given address or invite cannot work, the command ends.
    fn on_dial(&mut self, state: DialState) -> Option<Result> {
        match state {
            DialState::Connected(distributor) => self.policy.connected(distributor),
            DialState::GaveUp(reason) if self.dials => return Some(Err(fieldcast::Error::Refused(reason).into())),
            DialState::Connecting | DialState::Retrying(_) | DialState::GaveUp(_) => {}
        }
        None
    }

    /// Handles a typed line: the answer to the open question.
    fn on_typed(&mut self, session: &ReceiveSession, line: Option<&str>) {
        if let Some(question) = self.open.take() {
            // `None`: the user has closed the input.
            session.answer(question.id, prompt::compared(line.unwrap_or_default()));
        }
    }
}
