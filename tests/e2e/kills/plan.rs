//! When to kill whom, drawn from a seed.

/// Who is killed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Distributor,
    Receiver,
}

/// Where in a connection's life.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    /// As soon as the send tells this state: `calling`, `asking`, `agreeing`.
    Told(&'static str),
    /// When this share of what is lacking has been put on the medium.
    Sending(f64),
    /// After this share of the time applying takes.
    Applying(f64),
}

/// A draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kill {
    pub(super) side: Side,
    pub(super) stage: Stage,
}

impl Kill {
    /// The transfer was over before it came to this: an earlier instant.
    pub(super) fn advance(&mut self) {
        if let Stage::Sending(share) | Stage::Applying(share) = &mut self.stage {
            *share /= 2.0;
        }
    }
}

/// The draws of one lane, without end.
pub(super) struct Instants(u64);

impl Instants {
    pub(super) fn new(seed: u64, lane: u64) -> Self {
        Self(seed ^ lane.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn draw(&mut self) -> Kill {
        let side = if self.random().is_multiple_of(2) { Side::Distributor } else { Side::Receiver };
        let fraction = (self.random() >> 11) as f64 / (1_u64 << 53) as f64;
        let stage = match self.random() % 20 {
            0 => Stage::Told("connecting"),
            1 => Stage::Told("asking"),
            2 => Stage::Told("agreeing"),
            3..14 => Stage::Sending(fraction),
            _ => Stage::Applying(fraction),
        };
        Kill { side, stage }
    }

    /// splitmix64
    fn random(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Iterator for Instants {
    type Item = Kill;

    fn next(&mut self) -> Option<Kill> {
        Some(self.draw())
    }
}
