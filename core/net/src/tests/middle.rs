//! An attacker between two devices, with her own keys and a connection to each.

use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_wire::{
    Breach, CODE_LABEL, Credentials, Distributor, DistributorAction, DistributorState, EndReason, HandshakeParameters,
    HandshakeSecret, Hello, Limits, Message, Offer, Receiver, ReceiverAction, ReceiverState, Role, Sas,
};

use super::connected;
use crate::{Connection, random};

const NOW: Duration = Duration::ZERO;

fn opening(connection: &Connection) -> HandshakeSecret {
    HandshakeSecret { exporter: connection.exporter(CODE_LABEL, &[]).unwrap(), nonce: random().unwrap() }
}

/// Two correct devices, and the ends of their connections that Mallory controls.
struct Scene {
    asha: Distributor,
    bela: Receiver,
    to_asha: HandshakeSecret,
    to_bela: HandshakeSecret,
}

async fn scene() -> Scene {
    let ((asha, to_asha), (bela, to_bela)) = (connected().await, connected().await);
    let limits = Limits::default();
    let introduction =
        |opening| HandshakeParameters { name: DeviceName::new("x"), opening, credentials: Credentials::default() };
    Scene {
        asha: Distributor::new(introduction(opening(&asha)), limits, NOW),
        bela: Receiver::new(introduction(opening(&bela)), limits, NOW),
        to_asha: opening(&to_asha),
        to_bela: opening(&to_bela),
    }
}

impl Scene {
    /// The next messages from Asha, and the code on her screen.
    fn asha_says(&mut self, shown: &mut Option<Sas>) -> Vec<Message> {
        let mut said = Vec::new();
        while let Some(action) = self.asha.poll() {
            match action {
                DistributorAction::Send(message) => said.push(message),
                DistributorAction::Admit(_) => self.asha.admit(Ok(Offer::default()), NOW),
                DistributorAction::Confirm(code) => *shown = Some(code),
                _ => {}
            }
        }
        said
    }

    fn bela_says(&mut self, shown: &mut Option<Sas>) -> Vec<Message> {
        let mut said = Vec::new();
        while let Some(action) = self.bela.poll() {
            match action {
                ReceiverAction::Send(message) => said.push(message),
                ReceiverAction::Ask { code, .. } => *shown = Some(code),
                _ => {}
            }
        }
        said
    }
}

#[tokio::test]
async fn detects_messages_relayed_between_connections() {
    let mut scene = scene().await;
    let (mut on_asha, mut on_bela) = (None, None);
    for _ in 0..4 {
        for message in scene.asha_says(&mut on_asha) {
            scene.bela.on_message(message, NOW);
        }
        for message in scene.bela_says(&mut on_bela) {
            scene.asha.on_message(message, NOW);
        }
    }
    let breach = EndReason::Protocol(Breach::NotCommitted);
    assert_eq!(scene.bela.state(), &ReceiverState::Ended(breach.clone()));
    assert_eq!(scene.asha.state(), &DistributorState::Ended(breach));
    assert_eq!((on_asha, on_bela), (None, None), "no code is shown");
}

#[tokio::test]
async fn shows_different_codes_under_attack() {
    let mut scene = scene().await;
    let (mut on_asha, mut on_bela) = (None, None);
    let hello = |role, opening: &HandshakeSecret| Message::Hello(Hello::new(role, DeviceName::new("x"), opening));
    let reveal =
        |opening: &HandshakeSecret| Message::Reveal { nonce: opening.nonce, credentials: Credentials::default() };
    scene.asha.on_message(hello(Role::Receiver, &scene.to_asha), NOW);
    scene.asha.on_message(reveal(&scene.to_asha), NOW);
    let offer = scene.asha_says(&mut on_asha).pop().unwrap();
    scene.bela.on_message(hello(Role::Distributor, &scene.to_bela), NOW);
    scene.bela.on_message(reveal(&scene.to_bela), NOW);
    scene.bela.on_message(offer, NOW);
    scene.bela_says(&mut on_bela);
    assert!(on_asha.is_some() && on_bela.is_some());
    assert_ne!(on_asha, on_bela, "the codes are equal only once in a million");
}
