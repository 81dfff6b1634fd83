//! Receives one offer: `cargo run --example receive -- DATA_DIR [INTERFACE]`.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;

use fieldcast::{Answer, Engine, ReceiveEvent, Settings, choose_interface};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let engine = Engine::open(Settings::new(args.next().ok_or("usage: receive DATA_DIR [INTERFACE]")?)).await?;
    let interface = choose_interface(args.next().as_deref())?;
    let session = engine.receive(interface, engine.exchange_settings()).await?;

    let mut events = session.subscribe();
    println!("{} waits for a distributor", engine.name());
    while let Some(event) = events.next().await {
        match event {
            ReceiveEvent::Asked(question) => {
                println!("{} offers {} bytes, code {}", question.sender.name, question.offer.bytes, question.code);
                session.answer(question.id, Answer::Once); // an app asks its user here
            }
            ReceiveEvent::Saved(received) => {
                println!("saved {} datasets", received.offer.snapshots.len());
                break;
            }
            ReceiveEvent::Ended(_, reason) => return Err(reason.to_string().into()),
            _ => {}
        }
    }
    session.stop().await;
    Ok(())
}
