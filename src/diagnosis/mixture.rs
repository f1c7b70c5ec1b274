//! Explanations compete: which set of them explains the incidents best, and how sure each is.
//!
//! An incident comes from one of the explanations or from the background, "irregular, unexplained", each with a share of
//! its own. An explanation tells by how much likelier than the background it makes each incident, in nats; a set of
//! explanations is as good as the likelihood that it gives to all incidents with the best shares, less what each of
//! its members costs: how rare the cause is, how many parameters were tried for it, and the occasions on which it would
//! have struck and did not. The confidence in an explanation compares the best set with it and the best set without it.

/// An explanation as the competition sees it.
#[derive(Debug, Clone)]
pub(super) struct Rival {
    /// How much likelier than the background it makes each incident, as a factor; 0 where it cannot have caused it.
    pub(super) ratios: Vec<f64>,
    /// What it costs, in nats: at most 0.
    pub(super) cost: f64,
    /// Explanations of one kind exclude each other.
    pub(super) kind: usize,
}

/// What became of an explanation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    /// Its place among the rivals.
    pub(super) rival: usize,
    /// By how much the best set with it beats the same set without it, in nats: whether there is anything to it.
    pub(super) gain: f64,
    /// By how much the best set with it beats the best set without it, in which another may stand in its place, in nats:
    /// whether it is this one. At most the gain.
    pub(super) lead: f64,
    /// The incidents of which it is the likeliest explanation, in order.
    pub(super) explains: Vec<usize>,
    /// How likely it is for each of these, 0 to 1.
    pub(super) weights: Vec<f64>,
}

/// More explanations than this at once are no explanation.
const MOST_AT_ONCE: usize = 8;
/// Rounds of expectation and maximisation; shares change by less than a thousandth then.
const ROUNDS: usize = 40;
const SETTLED: f64 = 1e-4;

/// A set of rivals with their shares.
#[derive(Debug, Clone)]
struct Set {
    members: Vec<usize>,
    shares: Vec<f64>,
    /// Likelihood ratio of each incident under the set.
    mixed: Vec<f64>,
    score: f64,
}

/// The competition.
#[derive(Debug)]
pub(super) struct Competition<'a> {
    rivals: &'a [Rival],
    incidents: usize,
}

impl<'a> Competition<'a> {
    /// Among these rivals, over so many incidents.
    pub(super) const fn new(rivals: &'a [Rival], incidents: usize) -> Self {
        Self { rivals, incidents }
    }

    /// How each rival stands.
    pub(super) fn standings(&self) -> Vec<Standing> {
        let best = self.best();
        (0..self.rivals.len()).map(|rival| self.standing(rival, &best)).collect()
    }

    fn standing(&self, rival: usize, best: &Set) -> Standing {
        let (with, without) = if best.members.contains(&rival) {
            (best.clone(), self.best_without(rival, best))
        } else {
            (self.best_with(rival, best), best.score)
        };
        let lead = with.score - without;
        let gain = with.score - self.fitted(less(&with.members, rival)).score;
        let (explains, weights) = self.explained_by(rival, &with);
        Standing { rival, gain, lead, explains, weights }
    }

    /// Adds what helps and removes what no longer does, until neither changes anything.
    fn best(&self) -> Set {
        let mut best = self.fitted(Vec::new());
        while best.members.len() < MOST_AT_ONCE {
            let Some(grown) = self.grown(&best) else { break };
            best = self.pruned(grown);
        }
        best
    }

    fn grown(&self, set: &Set) -> Option<Set> {
        let open = self.open_to(&set.members);
        let (rival, gain) =
            open.map(|rival| (rival, self.gain(set, rival))).max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        if gain <= 0.0 {
            return None;
        }
        let grown = self.with(&set.members, rival);
        (grown.score > set.score).then_some(grown)
    }

    fn pruned(&self, mut set: Set) -> Set {
        loop {
            let smaller = set.members.iter().map(|member| self.fitted(less(&set.members, *member)));
            match smaller.max_by(|a, b| a.score.total_cmp(&b.score)) {
                Some(better) if better.score > set.score => set = better,
                Some(_) | None => return set,
            }
        }
    }

    /// The score of the best set near this one that has none of the kind of `rival`: without it, or with another in its
    /// place.
    fn best_without(&self, rival: usize, best: &Set) -> f64 {
        let rest = self.fitted(less(&best.members, rival));
        let kind = self.rivals[rival].kind;
        let others = self.open_to(&rest.members).filter(|other| self.rivals[*other].kind != kind);
        let replaced = others.map(|other| self.gain(&rest, other)).fold(0.0, f64::max);
        rest.score + replaced
    }

    /// The best set near this one that has `rival`: beside its members, or in the place of one.
    fn best_with(&self, rival: usize, best: &Set) -> Set {
        let kind = self.rivals[rival].kind;
        let others = |members: &[usize]| -> Vec<usize> {
            members.iter().copied().filter(|member| self.rivals[*member].kind != kind).collect()
        };
        let added = self.with(&others(&best.members), rival);
        let replacing =
            best.members.iter().map(|member| self.with(&others(&less(&best.members, *member)), rival));
        replacing.fold(added, |best, set| if set.score > best.score { set } else { best })
    }

    /// The rivals that may join these.
    fn open_to<'s>(&'s self, members: &'s [usize]) -> impl Iterator<Item = usize> + 's {
        let is_open = |rival: &usize| {
            members.iter().all(|member| self.rivals[*member].kind != self.rivals[*rival].kind)
        };
        (0..self.rivals.len()).filter(is_open)
    }

    fn with(&self, members: &[usize], rival: usize) -> Set {
        self.fitted(members.iter().copied().chain([rival]).collect())
    }

    /// What `rival` would add to the score, the shares of the others among themselves being as they are.
    fn gain(&self, set: &Set, rival: usize) -> f64 {
        let ratios = &self.rivals[rival].ratios;
        let slope = |share: f64| -> f64 {
            let terms = ratios.iter().zip(&set.mixed);
            terms.map(|(ratio, mixed)| (ratio - mixed) / (mixed + share * (ratio - mixed))).sum()
        };
        // The likelihood is concave in the share: where it stops to rise is found by halving.
        let (mut low, mut high) = (0.0, 1.0 - 1e-6);
        for _ in 0..20 {
            let middle = f64::midpoint(low, high);
            if slope(middle) > 0.0 { low = middle } else { high = middle }
        }
        let gained = ratios.iter().zip(&set.mixed);
        let gained: f64 = gained.map(|(ratio, mixed)| (1.0 + low * (ratio / mixed - 1.0)).ln()).sum();
        gained + self.price(rival)
    }

    /// What a member costs: its own cost, and that of one more share (Schwarz).
    fn price(&self, rival: usize) -> f64 {
        self.rivals[rival].cost - 0.5 * (self.count() + 1.0).ln()
    }

    #[expect(clippy::cast_precision_loss, reason = "at most some thousand incidents")]
    const fn count(&self) -> f64 {
        self.incidents as f64
    }

    /// The set of these members with the best shares.
    fn fitted(&self, members: Vec<usize>) -> Set {
        #[expect(clippy::cast_precision_loss, reason = "a handful of members")]
        let even = 1.0 / (members.len() + 1) as f64;
        let mut shares = vec![even; members.len()];
        let mut mixed = self.mix(&members, &shares);
        for _ in 0..ROUNDS {
            let next: Vec<f64> = members
                .iter()
                .zip(&shares)
                .map(|(member, share)| self.responsibility(*member, *share, &mixed) / self.count().max(1.0))
                .collect();
            let moved = next.iter().zip(&shares).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            shares = next;
            mixed = self.mix(&members, &shares);
            if moved < SETTLED {
                break;
            }
        }
        let fit: f64 = mixed.iter().map(|ratio| ratio.max(f64::MIN_POSITIVE).ln()).sum();
        let score = fit + members.iter().map(|member| self.price(*member)).sum::<f64>();
        Set { members, shares, mixed, score }
    }

    fn responsibility(&self, member: usize, share: f64, mixed: &[f64]) -> f64 {
        self.rivals[member].ratios.iter().zip(mixed).map(|(ratio, mixed)| share * ratio / mixed).sum()
    }

    fn mix(&self, members: &[usize], shares: &[f64]) -> Vec<f64> {
        // The background keeps a sliver, so that an incident which nobody explains has a likelihood.
        let background = (1.0 - shares.iter().sum::<f64>()).max(1e-6);
        (0..self.incidents)
            .map(|incident| {
                let of = |(member, share): (&usize, &f64)| share * self.rivals[*member].ratios[incident];
                background + members.iter().zip(shares).map(of).sum::<f64>()
            })
            .collect()
    }

    fn explained_by(&self, rival: usize, set: &Set) -> (Vec<usize>, Vec<f64>) {
        let Some(place) = set.members.iter().position(|member| *member == rival) else {
            return (Vec::new(), Vec::new());
        };
        let background = (1.0 - set.shares.iter().sum::<f64>()).max(1e-6);
        let part = |place: usize, incident: usize| {
            set.shares[place] * self.rivals[set.members[place]].ratios[incident]
        };
        let is_likeliest = |incident: &usize| {
            let own = part(place, *incident);
            own > background && (0..set.members.len()).all(|other| own >= part(other, *incident))
        };
        let weight = |incident: usize| (incident, part(place, incident) / set.mixed[incident]);
        (0..self.incidents).filter(is_likeliest).map(weight).unzip()
    }
}

fn less(members: &[usize], member: usize) -> Vec<usize> {
    members.iter().copied().filter(|other| *other != member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rival(kind: usize, nats: &[f64], cost: f64) -> Rival {
        Rival { ratios: nats.iter().map(|nats| nats.exp()).collect(), cost, kind }
    }

    fn leads(rivals: &[Rival]) -> Vec<f64> {
        let incidents = rivals[0].ratios.len();
        Competition::new(rivals, incidents).standings().into_iter().map(|standing| standing.lead).collect()
    }

    const NO: f64 = f64::NEG_INFINITY;

    #[test]
    fn one_word_is_enough_and_a_faint_sign_is_not() {
        let leads = leads(&[rival(0, &[14.0], -3.0), rival(1, &[1.0], -3.0)]);
        assert!(leads[0] > 8.0 && leads[1] < -3.0, "{leads:?}");
    }

    #[test]
    fn two_that_explain_the_same_equally_well_are_equally_sure() {
        let one = [5.0; 8];
        let leads = leads(&[rival(0, &one, -2.0), rival(1, &one, -2.0)]);
        assert!((leads[0] - leads[1]).abs() < 0.01 && leads[0].abs() < 0.5, "{leads:?}");
    }

    #[test]
    fn two_causes_share_the_incidents_and_each_is_sure_of_its_own() {
        let mut first = [NO; 12];
        let mut second = [NO; 12];
        first[..6].fill(5.0);
        second[6..].fill(5.0);
        let rivals = [rival(0, &first, -3.0), rival(1, &second, -3.0)];
        let standings = Competition::new(&rivals, 12).standings();
        assert!(standings.iter().all(|standing| standing.lead > 8.0), "{standings:?}");
        assert_eq!(standings[0].explains, [0, 1, 2, 3, 4, 5]);
        assert_eq!(standings[1].explains, [6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn a_cause_among_much_noise_stands_and_explains_none_of_it() {
        let mut nats = vec![NO; 300];
        nats[..100].fill(4.0);
        let rivals = [rival(0, &nats, -10.0)];
        let standings = Competition::new(&rivals, 300).standings();
        assert!(standings[0].lead > 50.0, "{standings:?}");
        assert_eq!(standings[0].explains.len(), 100);
    }

    #[test]
    fn of_one_kind_only_the_better_one_stands() {
        let rivals = [rival(0, &[3.0; 6], -2.0), rival(0, &[5.0; 6], -2.0)];
        let leads = leads(&rivals);
        assert!(leads[1] > 0.0 && leads[0] < 0.0, "{leads:?}");
    }
}
