//! The splitting problem in plain numbers: what `split` and `cover` solve. Locations are options, lines are bits.

use crate::routing::input::{Input, Supply};
use crate::routing::look::{Found, Look};
use crate::routing::settings::RouterSettings;

/// No cost at all: something that cannot be done.
pub(super) const NEVER: i64 = i64::MAX / 4;

/// Lines that some location can serve whole, and the locations.
#[derive(Debug)]
pub(super) struct Problem {
    /// For each line of the problem its position in the input.
    pub lines: Vec<usize>,
    pub options: Vec<Choice>,
    /// Cost of every package after the first.
    pub split: i64,
    /// Cost of a line that stays unfilled.
    pub unfilled: i64,
    /// Most packages; `None` where no cap can bind.
    pub packages_max: Option<usize>,
    /// For each shared article, and each line of the problem, units one line of it takes.
    pub shared: Vec<Vec<i64>>,
}

/// One location as the problem sees it.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// Its position among the input's candidates.
    pub candidate: usize,
    /// Cost of the package.
    pub open: i64,
    /// Cost of each line here; [`NEVER`] where it cannot be served whole.
    pub serve: Vec<i64>,
    /// For each shared article: units beyond the trade's own holds, and what each line takes of them.
    pub pools: Vec<Pool>,
}

/// Stock of one article at one location that several lines of the trade need.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub spare: i64,
    pub takes: Vec<i64>,
}

/// For each line of the problem the option that serves it.
pub(super) type Solution = Vec<Option<usize>>;

impl Problem {
    /// The problem of the given lines, without the candidates in `without`.
    pub(super) fn of(input: &Input, lines: Vec<usize>, without: Option<usize>) -> Self {
        let shared = input.shared();
        let shared_needs: Vec<Vec<i64>> = shared
            .iter()
            .map(|article| lines.iter().map(|&line| input.lines[line].per_unit(*article)).collect())
            .collect();
        let mut problem = Self {
            options: Vec::new(),
            split: input.settings.split,
            unfilled: input.settings.unfilled,
            packages_max: cap(&input.settings, lines.len()),
            shared: shared_needs,
            lines,
        };
        problem.options = (0..input.candidates.len())
            .filter(|&candidate| Some(candidate) != without)
            .filter_map(|candidate| problem.option(input, candidate))
            .collect();
        problem
    }

    /// The problem of these lines over locations that a search has found.
    pub(super) fn of_found<'f>(look: &Look<'_>, lines: &[usize], found: impl Iterator<Item = &'f Found>) -> Self {
        let shared: Vec<Vec<i64>> = look
            .shared
            .iter()
            .map(|&shelf| lines.iter().map(|&line| look.lines[line].per_unit(shelf)).collect())
            .collect();
        let options = found.enumerate().map(|(candidate, found)| {
            let supply = &found.candidate.supply;
            let takes = |per_unit: &Vec<i64>| {
                let takes = lines.iter().zip(per_unit).map(|(&line, &each)| {
                    look.lines[line].units.saturating_sub(supply[line].held()).max(0).saturating_mul(each)
                });
                takes.collect()
            };
            let pools = shared.iter().zip(&found.candidate.pools);
            Choice {
                candidate,
                open: found.open,
                serve: lines.iter().map(|&line| found.serve[line].unwrap_or(NEVER)).collect(),
                pools: pools.map(|(per_unit, &spare)| Pool { spare, takes: takes(per_unit) }).collect(),
            }
        });
        Self {
            options: options.collect(),
            split: look.settings.split,
            unfilled: look.settings.unfilled,
            packages_max: cap(&look.settings, lines.len()),
            lines: lines.to_vec(),
            shared,
        }
    }

    fn option(&self, input: &Input, candidate: usize) -> Option<Choice> {
        let from = &input.candidates[candidate];
        let serve: Vec<i64> = self
            .lines
            .iter()
            .map(|&line| match from.supply[line] {
                Supply::Units { available, .. } if available >= input.lines[line].units => {
                    input.settings.serving(input.lines[line].units, available).total().min(NEVER - 1)
                }
                Supply::Units { .. } | Supply::Refused(_) => NEVER,
            })
            .collect();
        if serve.iter().all(|&cost| cost >= NEVER) {
            return None;
        }
        let pools = self.shared.iter().zip(&from.pools).map(|(per_unit, &spare)| {
            let takes = self.lines.iter().zip(per_unit).map(|(&line, &each)| {
                let missing = input.lines[line].units.saturating_sub(from.supply[line].held()).max(0);
                missing.saturating_mul(each)
            });
            Pool { spare, takes: takes.collect() }
        });
        let open = from.opening(&input.settings).total().min(NEVER - 1);
        Some(Choice { candidate, open, serve, pools: pools.collect() })
    }
}

/// The cap on packages, where it can bind.
fn cap(settings: &RouterSettings, lines: usize) -> Option<usize> {
    let most = usize::from(settings.packages_max);
    (most != 0 && most < lines).then_some(most)
}

impl Choice {
    /// Whether the location can serve all these lines together.
    pub(super) fn serves(&self, lines: impl Iterator<Item = usize> + Clone) -> bool {
        lines.clone().all(|line| self.serve[line] < NEVER) && self.pools.iter().all(|pool| pool.bears(lines.clone()))
    }
}

impl Pool {
    fn bears(&self, lines: impl Iterator<Item = usize>) -> bool {
        let mut taken = 0_i64;
        let mut any = false;
        for line in lines {
            taken = taken.saturating_add(self.takes[line]);
            any |= self.takes[line] > 0;
        }
        !any || taken <= self.spare
    }
}
