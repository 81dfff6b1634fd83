//! `fieldcast offers`: accepted offers that did not finish.

use std::collections::BTreeMap;

use fieldcast::Sender;

use crate::app::App;
use crate::args::{OffersArgs, OffersCommand};
use crate::error::{Error, Result};
use crate::events;
use crate::names::is_device;
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
    let matches = |sender: &Sender| is_device(device, &sender.fingerprint, &sender.name);
    let senders = unfinished.into_iter().map(|offer| offer.sender).filter(matches);
    let matching: BTreeMap<_, _> = senders.map(|sender| (sender.fingerprint, sender)).collect();
    match matching.into_values().collect::<Vec<_>>().as_slice() {
        [sender] => {
            engine.withdraw_offers(sender.fingerprint).await?;
            app.out.event(|| events::offers_withdrawn(sender))?;
            app.out.line(format_args!("Cancelled. This device asks again at the next offer of {}.", named(sender)))
        }
        [] => Err(Error::Usage(format!("no unfinished offer of `{device}`: run `fieldcast offers` to see the list"))),
        _ => Err(Error::Usage(format!("several devices are called `{device}`: give the fingerprint instead"))),
    }
}

fn named(sender: &Sender) -> String {
    format!("{} [{}]", sender.name, sender.fingerprint.short())
}
