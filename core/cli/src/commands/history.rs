//! `fieldcast history`: past transfers of this device, and how many phones have each version.

use std::time::Duration;

use fieldcast::{DistributionStats, ExchangeResult, ExchangeRole, PastExchange};

use crate::app::App;
use crate::args::HistoryArgs;
use crate::error::Result;
use crate::events;
use crate::offers::{OfferTotals, village, villages};
use crate::text::{MATCHES, Table, bytes, compared, count, counted, duration, fingerprint, safe, utc};

pub(crate) async fn run(app: &App, args: &HistoryArgs) -> Result {
    let engine = app.engine().await?;
    let (past, distribution_stats) = (engine.history(args.limit).await?, engine.distribution_stats().await?);
    past.iter().try_for_each(|past| app.out.event(|| events::past_exchange(past)))?;
    distribution_stats.iter().try_for_each(|stats| app.out.event(|| events::distribution_stats(stats)))?;
    if past.is_empty() {
        return app.out.line("This device has not sent or received anything yet.");
    }
    let mut table = Table::new(&["when (UTC)", "device", "villages", ">households", ">bytes", ">took", "result"]);
    past.iter().for_each(|past| table.row(row(past, args.full)));
    table.lines().iter().try_for_each(|line| app.out.line(line))?;
    distribution_stats.iter().try_for_each(|stats| app.out.line(line(stats)))
}

fn row(PastExchange { exchange, receipt, comparisons }: &PastExchange, full: bool) -> Vec<String> {
    let direction = match exchange.role {
        ExchangeRole::Sent => "to",
        ExchangeRole::Received => "from",
    };
    let result = match (&exchange.result, receipt) {
        (ExchangeResult::Saved { .. }, Some(true)) => match compared(comparisons).as_str() {
            MATCHES => "saved, receipt signed".to_owned(),
            ahead => format!("saved, receipt signed; {ahead}"),
        },
        (ExchangeResult::Saved { .. }, _) => "saved, but the RECEIPT IS NOT VALID".to_owned(),
        (ExchangeResult::Ended { reason, .. }, _) => safe(reason),
    };
    // A user may have set the clock back during the transfer, so the end can be before the start.
    let took = Duration::from_millis(exchange.ended.saturating_sub(exchange.started).try_into().unwrap_or(0));
    vec![
        utc(exchange.ended),
        format!("{direction} {} [{}]", exchange.peer_name, fingerprint(&exchange.peer, full)),
        villages(&exchange.offered),
        count(OfferTotals::over(&exchange.offered).households),
        bytes(exchange.wire_bytes),
        duration(took),
        result,
    ]
}

/// `Muite 1: 27 of 30 phones up to date (version of 2026-11-22 08:30 UTC)`
fn line(DistributionStats { summary, picked, saved }: &DistributionStats) -> String {
    let phones = counted(*picked as u64, "phone", "phones");
    format!("{}: {saved} of {phones} up to date (version of {} UTC)", village(summary), utc(summary.as_of.0))
}
