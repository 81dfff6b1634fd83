//! `fieldcast offers`: accepted offers that did not finish.

use std::collections::BTreeMap;

use fieldcast::Sender;

use crate::app::App;
use crate::args::{OffersArgs, OffersCommand};
use crate::error::Result;
use crate::events;
use crate::names::find_device;
use crate::offers::contents;
use crate::text::{Table, bytes};

pub(crate) async fn run(app: &App, args: &OffersArgs) -> Result {
    let engine = app.engine().await?;
    let unfinished = engine.unfinished_offers().await?;
    let Some(OffersCommand::Withdraw { device }) = &args.command else {
        unfinished.iter().try_for_each(|offer| app.out.event(|| events::unfinished_offer(offer)))?;
        if unfinished.is_empty() {
            return app.out.line("No unfinished offers.");
        }
        let mut table = Table::new(&["from", "village data", ">received"]);
        for offer in &unfinished {
            table.row(vec![named(&offer.sender), contents(&offer.snapshots), bytes(offer.staged)]);
        }
        table.lines().iter().try_for_each(|line| app.out.line(line))?;
        return app
            .out
            .line("They continue when the sender offers them again. To cancel: fieldcast offers withdraw DEVICE");
    };
    let senders: BTreeMap<_, _> = unfinished.into_iter().map(|it| (it.sender.fingerprint, it.sender)).collect();
    let sender = find_device(
        senders.into_values(),
        device,
        |it| (&it.fingerprint, &it.name),
        "unfinished offer of",
        "fieldcast offers",
    )?;
    engine.withdraw_offers(sender.fingerprint).await?;
    app.out.event(|| events::offers_withdrawn(&sender))?;
    app.out.line(format_args!("Cancelled. This device asks again at the next offer of {}.", named(&sender)))
}

fn named(sender: &Sender) -> String {
    format!("{} [{}]", sender.name, sender.fingerprint.short())
}
