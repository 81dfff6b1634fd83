//! An attacker between two devices, with her own keys and a connection to each.

use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_wire::{
    Action, Breach, CODE_LABEL, Credentials, Distributor, DistributorRequest, EndReason, ExchangeState, Handshake,
    HandshakeParameters, HandshakeSecret, Hello, Limits, Message, Offer, ReceiptVerifier, Receiver, ReceiverRequest,
    Role, Sas,
};

use super::connected;
use crate::{Connection, random};

const NOW: Duration = Duration::ZERO;

fn secret(connection: &Connection) -> HandshakeSecret {
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
    let handshake = |role, connection: &Connection| {
        let (name, credentials) = (DeviceName::new("x"), Credentials::default());
        let secret = secret(connection);
        Handshake::new(role, HandshakeParameters { name, secret, credentials, session: 1, invite: None })
    };
    let verifier = ReceiptVerifier { distributor: asha.peer(), is_signed: Box::new(|_, _| false) };
    Scene {
        asha: Distributor::new(handshake(Role::Distributor, &asha), verifier, limits, NOW),
        bela: Receiver::new(handshake(Role::Receiver, &bela), limits, NOW),
        to_asha: secret(&to_asha),
        to_bela: secret(&to_bela),
    }
}

impl Scene {
    /// The next messages from Asha, and the code on her screen.
    fn asha_says(&mut self, shown: &mut Option<Sas>) -> Vec<Message> {
        let mut said = Vec::new();
        while let Some(action) = self.asha.poll() {
            match action {
                Action::Send(message) => said.push(message),
                Action::Do(DistributorRequest::Authorize(_)) => self.asha.authorize(Ok(Offer::default()), NOW),
                Action::Do(DistributorRequest::Confirm(code)) => *shown = Some(code),
                _ => {}
            }
        }
        said
    }

    fn bela_says(&mut self, shown: &mut Option<Sas>) -> Vec<Message> {
        let mut said = Vec::new();
        while let Some(action) = self.bela.poll() {
            match action {
                Action::Send(message) => said.push(message),
                Action::Do(ReceiverRequest::Permit) => self.bela.permit(Ok(())),
                Action::Do(ReceiverRequest::Authorize(_)) => self.bela.authorized(Ok(true)),
                Action::Do(ReceiverRequest::Ask) => *shown = self.bela.code(),
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
    assert_eq!(scene.bela.state(), &ExchangeState::Ended(breach.clone()));
    assert_eq!(scene.asha.state(), &ExchangeState::Ended(breach));
    assert_eq!((on_asha, on_bela), (None, None), "no code is shown");
}

#[tokio::test]
async fn shows_different_codes_under_attack() {
    let mut scene = scene().await;
    let (mut on_asha, mut on_bela) = (None, None);
    let hello = |role, secret: &HandshakeSecret| Message::Hello(Hello::new(role, DeviceName::new("x"), secret));
    let reveal =
        |secret: &HandshakeSecret| Message::Reveal { nonce: secret.nonce, credentials: Credentials::default() };
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
