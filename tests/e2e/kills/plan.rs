//! Which side to kill at which time, from a random seed.

/// The side to kill.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Distributor,
    Receiver,
}

/// The time of the kill.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    /// When the send reports this state: `connecting`, `asking`, `agreeing`.
    Reported(&'static str),
    /// When this share of the missing bytes has been sent.
    Sending(f64),
    /// After this share of the time that applying takes.
    Applying(f64),
}

/// One planned kill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kill {
    pub(super) side: Side,
    pub(super) stage: Stage,
}

impl Kill {
    /// Chooses an earlier time, because the transfer ended before this one.
    pub(super) fn advance(&mut self) {
        if let Stage::Sending(share) | Stage::Applying(share) = &mut self.stage {
            *share /= 2.0;
        }
    }
}

/// An endless sequence of kills for one lane.
pub(super) struct KillPlan(u64);

impl KillPlan {
    pub(super) fn new(seed: u64, lane: u64) -> Self {
        Self(seed ^ lane.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn draw(&mut self) -> Kill {
        let side = if self.random().is_multiple_of(2) { Side::Distributor } else { Side::Receiver };
        let fraction = (self.random() >> 11) as f64 / (1_u64 << 53) as f64;
        let stage = match self.random() % 20 {
            0 => Stage::Reported("connecting"),
            1 => Stage::Reported("asking"),
            2 => Stage::Reported("agreeing"),
            3..14 => Stage::Sending(fraction),
            _ => Stage::Applying(fraction),
        };
        Kill { side, stage }
    }

    /// The splitmix64 generator.
    fn random(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Iterator for KillPlan {
    type Item = Kill;

    fn next(&mut self) -> Option<Kill> {
        Some(self.draw())
    }
}
