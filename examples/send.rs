//! Sends all village data to the first receiver found: `cargo run --example send -- DATA_DIR [INTERFACE]`.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;

use fieldcast::{Answer, Engine, OfferEvent, SendState, Settings, choose_interface};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let engine = Engine::open(Settings::new(args.next().ok_or("usage: send DATA_DIR [INTERFACE]")?)).await?;
    let complete = engine.datasets().await?.into_iter().filter(|status| status.summary.as_of.0 > 0);
    let datasets = complete.map(|status| status.summary.dataset).collect();
    let interface = choose_interface(args.next().as_deref())?;
    let session = engine.offer(datasets, interface, engine.exchange_settings()).await?;

    let (mut events, mut receiver) = (session.subscribe(), None);
    while let Some(event) = events.next().await {
        match event {
            OfferEvent::Found(peer) if receiver.is_none() => {
                println!("sending to {}", peer.name);
                receiver = Some(peer.fingerprint);
                session.send_to(peer.fingerprint)?;
            }
            OfferEvent::Compare(peer, code) => {
                println!("{code} must be the code on the screen of {}; an app asks its user here", peer.name);
                session.answer(peer.fingerprint, Answer::Once);
            }
            OfferEvent::Changed(_, SendState::Saved(_)) => {
                println!("saved");
                break;
            }
            OfferEvent::Changed(_, SendState::Failed(reason, _)) => return Err(reason.to_string().into()),
            _ => {}
        }
    }
    session.stop().await;
    Ok(())
}
