//! The boundary tree: country, province, district, administrative post, locality, village.

use super::names::{DISTRICTS, PLACES, PROVINCES};
use crate::key::SeedKey;

const LEVELS: [&str; 6] = ["Country", "Province", "District", "Administrative Post", "Locality", "Village"];

/// Children per node from the province down, similar to Nampula: 23 districts, 3 posts each, and so on.
const FAN: [u64; 4] = [23, 3, 5, 8];

/// A boundary of any level.
#[derive(Clone, Debug)]
pub struct CampaignBoundary {
    /// DIGIT code, e.g. `MICROPLAN_MO_13_01_01_01_01_NACUCA`.
    pub code: String,
    /// Its name for display.
    pub name: String,
    /// Level name, e.g. `Village`.
    pub boundary_type: &'static str,
    /// Indices of its children in [`super::Moment::boundaries`]. Empty for a leaf.
    pub children: Vec<usize>,
}

/// A leaf boundary and its share of the households.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// DIGIT code: the locality in a downsync request.
    pub code: String,
    /// Its name for display.
    pub name: String,
    /// Households before the first `advance`, deleted ones included.
    pub households: u64,
    pub(crate) start: u64,
    pub(crate) key: SeedKey,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// The whole tree, the root first.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) nodes: Vec<CampaignBoundary>,
    pub(crate) leaves: Vec<Leaf>,
}

impl Places {
    /// Creates a tree of `count` villages and distributes `households` over them.
    pub(crate) fn grow(key: SeedKey, count: u32, households: u64) -> Self {
        let root = CampaignBoundary {
            code: "MICROPLAN_MO".into(),
            name: "Moçambique".into(),
            boundary_type: LEVELS[0],
            children: Vec::new(),
        };
        let mut places = Self { nodes: vec![root], leaves: Vec::new() };
        let shares: Vec<u64> = (0..u64::from(count)).map(|n| share(key, n)).collect();
        let sum: u64 = shares.iter().sum();
        let mut before = 0;
        for (n, share) in shares.into_iter().enumerate() {
            // Cumulative rounding: the parts add up exactly, and no table of households is needed.
            let start = portion(households, before, sum);
            before += share;
            let size = portion(households, before, sum) - start;
            places.add(key, n as u64, start, size);
        }
        places
    }

    fn add(&mut self, key: SeedKey, n: u64, start: u64, households: u64) {
        let below = |level: usize| FAN[level..].iter().product::<u64>();
        let mut node = 0;
        let mut code = self.nodes[0].code.clone();
        for level in 0..=FAN.len() {
            let child = if level == 0 { n / below(0) } else { n / below(level) % FAN[level - 1] };
            if self.nodes[node].children.len() as u64 <= child {
                let (number, name) = label(key, level, child, n);
                code = format!("{code}_{number:02}");
                let full = if level == FAN.len() { format!("{code}_{}", plain(&name)) } else { code.clone() };
                let new = CampaignBoundary { code: full, name, boundary_type: LEVELS[level + 1], children: Vec::new() };
                self.nodes.push(new);
                let index = self.nodes.len() - 1;
                self.nodes[node].children.push(index);
            } else {
                code.clone_from(&self.nodes[self.nodes[node].children[child as usize]].code);
            }
            node = self.nodes[node].children[child as usize];
        }
        let mut rng = key.child(n).child(7).rng();
        let district = (n / below(1)) as f64;
        self.leaves.push(Leaf {
            code: self.nodes[node].code.clone(),
            name: self.nodes[node].name.clone(),
            households,
            start,
            key: key.child(n),
            latitude: -14.1 - (district % 5.0) * 0.45 + rng.around() * 0.2,
            longitude: 37.4 + (district / 5.0).floor() % 7.0 * 0.45 + rng.around() * 0.2,
        });
    }
}

/// The weight of a village: 87 to 400, the range of real leaf boundaries.
fn share(key: SeedKey, n: u64) -> u64 {
    87 + key.child(n).bits() % 314
}

fn portion(whole: u64, part: u64, of: u64) -> u64 {
    (u128::from(whole) * u128::from(part) / u128::from(of.max(1))) as u64
}

fn label(key: SeedKey, level: usize, child: u64, n: u64) -> (u64, String) {
    match level {
        0 => {
            let (name, number) = PROVINCES[child as usize % PROVINCES.len()];
            let round = child / PROVINCES.len() as u64;
            if round == 0 { (u64::from(number), name.into()) } else { (20 + child, format!("{name} {}", round + 1)) }
        }
        1 => (child + 1, DISTRICTS[child as usize % DISTRICTS.len()].into()),
        _ => {
            let name = key.child(n).child(level as u64).rng().pick(PLACES);
            // Siblings must have different names; real villages are distinguished by a number.
            (child + 1, if level == FAN.len() { format!("{name} {}", child + 1) } else { name.into() })
        }
    }
}

/// A name as it is written in codes: capitals without accents.
fn plain(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ã' => 'A',
            'é' | 'ê' => 'E',
            'í' => 'I',
            'ó' | 'ô' => 'O',
            'ú' => 'U',
            'ç' => 'C',
            c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
            _ => '_',
        })
        .collect()
}
