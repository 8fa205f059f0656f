//! The fifteen kinds of explanation, with their parameters, read from a record.

use crate::base::MicroUsd;
use crate::resource::assessment::{Complexity, FloorAccount, Phase, SourceWeights};
use crate::resource::decision::{Candidate, Decision, Reason, Strategy, Target};

/// Confidence from which a choice counts as sure.
const HIGH: f64 = 0.8;
/// Confidence from which a choice counts as fairly sure.
const MODERATE: f64 = 0.5;

/// One kind of explanation with what it says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Template<'a> {
    /// The cache answered.
    CacheHit {
        /// What that saved.
        saved: Option<MicroUsd>,
    },
    /// The firewall refused.
    FirewallBlocked,
    /// No router had a say.
    NoRouterInvoked(NoRouter<'a>),
    /// From left to right until one can serve.
    FallbackOnly {
        /// Who serves.
        model: &'a str,
        /// How many were left out by a gate.
        left_out: usize,
        /// Whether every one of them was.
        nobody_eligible: bool,
    },
    /// A strategy that does not learn.
    StaticStrategy {
        /// The route.
        route: &'a str,
        /// Who serves.
        model: &'a str,
        /// By what rule.
        rule: Static,
    },
    /// The chosen model failed.
    ProviderFallback {
        /// Who was chosen.
        chosen: &'a str,
        /// Who answered in the end; `None` = nobody.
        served: Option<&'a str>,
        /// Calls that were made.
        attempts: usize,
        /// Why the chosen one failed, or the last one where nobody answered.
        error: Option<&'a str>,
    },
    /// Confidence of 0.8 and more.
    FeedbackDrivenHighConfidence(Learned<'a>),
    /// Confidence from 0.5 to 0.8.
    FeedbackDrivenModerateConfidence(Learned<'a>),
    /// Confidence below 0.5, or none.
    FeedbackDrivenLowConfidence(Learned<'a>),
    /// A call made in order to learn.
    FeedbackDrivenExploration(Learned<'a>),
    /// A cheaper model was good enough for the request.
    SmartCostSelected(Priced<'a>),
    /// No cheaper model was.
    SmartCostDefaultKept(Priced<'a>),
    /// The best arm.
    SmartSelectExploit(Bandit<'a>),
    /// An arm tried in order to learn.
    SmartSelectExplore(Bandit<'a>),
    /// The session belongs to a canary.
    CanaryAssigned {
        /// The route.
        route: &'a str,
        /// The canary.
        model: &'a str,
        /// Probability of being assigned to it.
        share: Option<f64>,
    },
}

/// Why no router had a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRouter<'a> {
    /// The client named this model.
    Named(&'a str),
    /// Everything is switched off; this model was called as it stands in the body.
    Passthrough(&'a str),
    /// A limit refused the request first.
    RateLimited,
    /// A spent budget refused the request first.
    BudgetExceeded,
    /// The request ended before a model was chosen.
    Ended,
}

/// The rule by which a strategy that does not learn chose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Static {
    /// Each in turn.
    Turn,
    /// Drawn by weight.
    Weights {
        /// With this probability.
        propensity: Option<f64>,
    },
    /// The fastest by recent medians.
    Fastest {
        /// Its median.
        median_ms: Option<f64>,
    },
    /// It was never timed.
    Untimed,
    /// The session had it.
    Held,
    /// An operator said so.
    Pinned,
    /// A gate refused all others.
    Only {
        /// How many.
        left_out: usize,
    },
    /// A gate refused everyone: the default model serves.
    NobodyEligible,
    /// The default model could not serve.
    StandIn,
    /// The default model, for want of a reason for another.
    Default,
}

/// Whether a choice was made for this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// It was.
    Chosen,
    /// The session had the model.
    Held,
    /// The default model serves.
    Default,
}

/// What is said of a choice by what was learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learned<'a> {
    /// The route.
    pub route: &'a str,
    /// Who serves.
    pub model: &'a str,
    /// How it came to serve.
    pub seat: Seat,
    /// How sure the choice is.
    pub confidence: Option<f64>,
    /// Expected quality, 0..1.
    pub quality: Option<f64>,
    /// Observations behind it.
    pub samples: Option<u64>,
    /// Probability of the draw.
    pub propensity: Option<f64>,
    /// Where the knowledge comes from.
    pub weights: Option<SourceWeights>,
    /// Whether there is nothing but priors.
    pub priors_alone: bool,
    /// Whether a pooled prior had a part in it.
    pub pooled: bool,
    /// The floor's account.
    pub floor: Option<FloorAccount>,
}

/// What is said of a choice by complexity and price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priced<'a> {
    /// The route.
    pub route: &'a str,
    /// Who serves.
    pub model: &'a str,
    /// What the request was rated.
    pub complexity: Option<Complexity>,
    /// What it cost.
    pub cost: Option<MicroUsd>,
    /// What the default model would have cost.
    pub baseline: Option<MicroUsd>,
}

/// What is said of a choice by a bandit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bandit<'a> {
    /// The route.
    pub route: &'a str,
    /// Who serves.
    pub model: &'a str,
    /// Its score over five dimensions, 0..1.
    pub score: Option<f64>,
    /// Calls behind the score.
    pub samples: Option<u64>,
    /// Probability of the draw.
    pub propensity: Option<f64>,
}

impl<'a> Template<'a> {
    /// The explanation of a decision.
    #[must_use]
    pub fn of(decision: &'a Decision) -> Self {
        let read = Read::of(decision);
        match decision.reason {
            Reason::CacheHit => return Self::CacheHit { saved: decision.outcome.saved_micro_usd },
            Reason::FirewallBlocked => return Self::FirewallBlocked,
            Reason::ProviderFallback | Reason::ProvidersExhausted => return read.fallback(),
            Reason::RateLimited => return Self::NoRouterInvoked(NoRouter::RateLimited),
            Reason::BudgetExceeded => return Self::NoRouterInvoked(NoRouter::BudgetExceeded),
            _ if decision.winner.is_none() => return Self::NoRouterInvoked(NoRouter::Ended),
            _ => {}
        }
        let (route, model) = (read.route, read.model);
        match (decision.routing_strategy, read.why) {
            (Strategy::LegacyModel, _) => Self::NoRouterInvoked(NoRouter::Named(model)),
            (Strategy::Passthrough, _) => Self::NoRouterInvoked(NoRouter::Passthrough(model)),
            (_, "canary") => Self::CanaryAssigned { route, model, share: decision.propensity },
            (_, "pinned") => Self::StaticStrategy { route, model, rule: Static::Pinned },
            (_, _)
                if decision.reason == Reason::AllCandidatesFiltered
                    && decision.routing_strategy != Strategy::Fallback =>
            {
                Self::StaticStrategy { route, model, rule: Static::NobodyEligible }
            }
            (Strategy::Fallback, _) => Self::FallbackOnly {
                model,
                left_out: decision.filtered.len(),
                nobody_eligible: decision.reason == Reason::AllCandidatesFiltered,
            },
            (Strategy::FeedbackDriven, "single") => {
                Self::StaticStrategy { route, model, rule: Static::Only { left_out: decision.filtered.len() } }
            }
            (Strategy::FeedbackDriven, why) => read.learned(why),
            (_, "stand_in") => Self::StaticStrategy { route, model, rule: Static::StandIn },
            (_, "sticky") => Self::StaticStrategy { route, model, rule: Static::Held },
            (Strategy::SmartCost, "smart_cost_simple" | "smart_cost_moderate") => {
                Self::SmartCostSelected(read.priced())
            }
            (Strategy::SmartCost, _) => Self::SmartCostDefaultKept(read.priced()),
            (Strategy::SmartSelect, "explore") => Self::SmartSelectExplore(read.bandit()),
            (Strategy::SmartSelect, _) => Self::SmartSelectExploit(read.bandit()),
            (strategy, why) => Self::StaticStrategy { route, model, rule: read.rule(strategy, why) },
        }
    }

    /// Its name in the contract.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::CacheHit { .. } => "cache_hit",
            Self::FirewallBlocked => "firewall_blocked",
            Self::NoRouterInvoked(_) => "no_router_invoked",
            Self::FallbackOnly { .. } => "fallback_only",
            Self::StaticStrategy { .. } => "static_strategy",
            Self::ProviderFallback { .. } => "provider_fallback",
            Self::FeedbackDrivenHighConfidence(_) => "feedback_driven_high_confidence",
            Self::FeedbackDrivenModerateConfidence(_) => "feedback_driven_moderate_confidence",
            Self::FeedbackDrivenLowConfidence(_) => "feedback_driven_low_confidence",
            Self::FeedbackDrivenExploration(_) => "feedback_driven_exploration",
            Self::SmartCostSelected(_) => "smart_cost_selected",
            Self::SmartCostDefaultKept(_) => "smart_cost_default_kept",
            Self::SmartSelectExploit(_) => "smart_select_exploit",
            Self::SmartSelectExplore(_) => "smart_select_explore",
            Self::CanaryAssigned { .. } => "canary_assigned",
        }
    }

    /// Its text.
    #[must_use]
    pub fn text(&self, language: super::Language) -> String {
        match language {
            super::Language::English => super::english::text(self),
            super::Language::Portuguese => super::portuguese::text(self),
            super::Language::Spanish => super::spanish::text(self),
        }
    }
}

/// The parts of a record that explanations speak of.
struct Read<'a> {
    decision: &'a Decision,
    route: &'a str,
    model: &'a str,
    why: &'a str,
}

impl<'a> Read<'a> {
    fn of(decision: &'a Decision) -> Self {
        Self {
            decision,
            route: decision.route.as_ref().map_or("", |route| route.as_str()),
            model: decision.served.as_ref().or(decision.winner.as_ref()).map_or("none", |target| &target.model),
            why: decision.floopy_reason.rsplit_once("::").map_or("", |(_, why)| why),
        }
    }

    fn winner(&self) -> Option<&'a Candidate> {
        let winner = self.decision.winner.as_ref()?;
        self.decision.candidates.iter().find(|candidate| candidate.target == *winner)
    }

    fn fallback(&self) -> Template<'a> {
        let decision = self.decision;
        let attempts = &decision.outcome.attempts;
        let of_chosen = |target: &Target| decision.winner.as_ref() == Some(target);
        let failed = if decision.served.is_some() {
            attempts.iter().rfind(|attempt| of_chosen(&attempt.target))
        } else {
            attempts.last()
        };
        Template::ProviderFallback {
            chosen: decision.winner.as_ref().map_or("none", |target| &target.model),
            served: decision.served.as_ref().map(|target| target.model.as_str()),
            attempts: attempts.len(),
            error: failed.and_then(|attempt| attempt.error.as_deref()),
        }
    }

    fn learned(&self, why: &str) -> Template<'a> {
        let assessment = &self.decision.assessment;
        let candidate = self.winner();
        let learned = Learned {
            route: self.route,
            model: self.model,
            seat: match why {
                "sticky" => Seat::Held,
                "default" => Seat::Default,
                _ => Seat::Chosen,
            },
            confidence: assessment.confidence,
            quality: candidate.and_then(|candidate| candidate.quality),
            samples: assessment.evidence.samples.or(candidate.and_then(|candidate| candidate.samples)),
            propensity: self.decision.propensity,
            weights: assessment.weights,
            priors_alone: assessment.phase == Some(Phase::Day0),
            pooled: assessment.used_shared_pool_prior,
            floor: assessment.floor,
        };
        match assessment.confidence {
            _ if matches!(why, "explore" | "holdout") => Template::FeedbackDrivenExploration(learned),
            Some(confidence) if confidence >= HIGH => Template::FeedbackDrivenHighConfidence(learned),
            Some(confidence) if confidence >= MODERATE => Template::FeedbackDrivenModerateConfidence(learned),
            _ => Template::FeedbackDrivenLowConfidence(learned),
        }
    }

    fn priced(&self) -> Priced<'a> {
        Priced {
            route: self.route,
            model: self.model,
            complexity: self.decision.assessment.complexity,
            cost: self.decision.outcome.cost_micro_usd,
            baseline: self.decision.outcome.baseline_cost_micro_usd,
        }
    }

    fn bandit(&self) -> Bandit<'a> {
        let candidate = self.winner();
        Bandit {
            route: self.route,
            model: self.model,
            score: candidate.and_then(|candidate| candidate.score),
            samples: candidate.and_then(|candidate| candidate.samples),
            propensity: self.decision.propensity,
        }
    }

    fn rule(&self, strategy: Strategy, why: &str) -> Static {
        if self.decision.reason == Reason::SingleCandidate {
            return Static::Only { left_out: self.decision.filtered.len() };
        }
        match (strategy, why) {
            (Strategy::RoundRobin, _) => Static::Turn,
            (Strategy::Weighted, "weighted") => Static::Weights { propensity: self.decision.propensity },
            (Strategy::LatencyBased, "fastest") => {
                Static::Fastest { median_ms: self.winner().and_then(|candidate| candidate.score) }
            }
            (Strategy::LatencyBased, "untimed") => Static::Untimed,
            _ => Static::Default,
        }
    }
}
