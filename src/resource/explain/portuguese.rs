//! Explanations in Brazilian Portuguese.

use super::language::Language::Portuguese;
use super::number::{count, decimal, money, percent, signed};
use super::template::{Bandit, Learned, NoRouter, Priced, Seat, Static, Template};
use crate::resource::assessment::{FloorAccount, FloorSource, Intent, SourceWeights, Tier};

pub(super) fn text(template: &Template<'_>) -> String {
    match template {
        Template::CacheHit { saved } => {
            let saved =
                saved.map_or_else(String::new, |saved| format!(" Isso economizou {}.", money(Portuguese, saved)));
            format!("A resposta veio do cache; nenhum modelo foi chamado.{saved}")
        }
        Template::FirewallBlocked => "O firewall recusou a entrada; nenhum modelo foi chamado.".to_owned(),
        Template::NoRouterInvoked(cause) => no_router(*cause),
        Template::FallbackOnly { model, nobody_eligible: true, .. } => {
            format!(
                "Pelo que se sabe, nenhum modelo da lista podia atender; mesmo assim o primeiro, {model}, foi tentado."
            )
        }
        Template::FallbackOnly { model, left_out: 0, .. } => format!("{model} é o primeiro da lista e podia atender."),
        Template::FallbackOnly { model, left_out, .. } => {
            let (could, models) = if *left_out == 1 { ("podia", "modelo") } else { ("podiam", "modelos") };
            format!("{model} é o primeiro da lista que podia atender; {left_out} {models} da lista não {could}.")
        }
        Template::StaticStrategy { route, model, rule } => by_rule(route, model, *rule),
        Template::ProviderFallback { chosen, served, attempts, error } => {
            let error = error.map_or_else(String::new, |error| format!(" ({error})"));
            match served {
                Some(served) => {
                    format!("{chosen} foi escolhido e falhou{error}; {served} respondeu na tentativa {attempts}.")
                }
                None if *attempts == 1 => {
                    format!("{chosen} foi escolhido e falhou{error}; não havia outro modelo a quem recorrer.")
                }
                None => format!(
                    "{chosen} foi escolhido e ninguém respondeu em {attempts} tentativas; a última falhou{error}."
                ),
            }
        }
        Template::FeedbackDrivenHighConfidence(learned) => confident(learned, "com alta confiança"),
        Template::FeedbackDrivenModerateConfidence(learned) => confident(learned, "com confiança moderada"),
        Template::FeedbackDrivenLowConfidence(learned) => confident(learned, "com baixa confiança"),
        Template::FeedbackDrivenExploration(learned) => {
            let drawn = drawn(learned.propensity);
            let Learned { route, model, .. } = learned;
            format!("A rota {route} entregou esta chamada a {model} para aprender{drawn}.{}", known(learned))
        }
        Template::SmartCostSelected(priced) => {
            let Priced { route, model, .. } = priced;
            format!(
                "A rota {route} avaliou o pedido como {}: {model} é bom o bastante para ele e custa menos.{}",
                rated(priced),
                costs(priced)
            )
        }
        Template::SmartCostDefaultKept(priced) => {
            let Priced { route, model, .. } = priced;
            let cost = costs(&Priced { baseline: None, ..*priced });
            let because = match priced.complexity.map(|complexity| complexity.tier) {
                Some(Tier::Complex) | None => "por isso o modelo padrão",
                Some(_) => "mas não conhece modelo mais barato que seja bom o bastante; por isso o modelo padrão",
            };
            format!("A rota {route} avaliou o pedido como {}, {because} {model} atende.{}", rated(priced), cost)
        }
        Template::SmartSelectExploit(bandit) => {
            let Bandit { route, model, .. } = bandit;
            format!(
                "A rota {route} escolheu {model}, seu melhor modelo em qualidade, custo, latência, confiabilidade e segurança{}.",
                scored(bandit)
            )
        }
        Template::SmartSelectExplore(bandit) => {
            let Bandit { route, model, propensity, .. } = bandit;
            format!(
                "A rota {route} experimentou {model} para saber mais sobre ele{}{}.",
                drawn(*propensity),
                scored(bandit)
            )
        }
        Template::CanaryAssigned { route, model, share } => {
            let share = share.map_or_else(String::new, |share| format!(", como {} delas", percent(Portuguese, share)));
            format!("Esta sessão foi atribuída ao canário {model} na rota {route}{share}.")
        }
    }
}

fn no_router(cause: NoRouter<'_>) -> String {
    match cause {
        NoRouter::Named(model) => format!("O próprio cliente indicou {model}; nenhum roteador foi consultado."),
        NoRouter::Passthrough(model) => {
            format!(
                "O modo passthrough está ligado: o pedido foi para {model} sem alterações e nenhum roteador foi consultado."
            )
        }
        NoRouter::RateLimited => "Um limite de taxa recusou o pedido; nenhum roteador foi consultado.".to_owned(),
        NoRouter::BudgetExceeded => "O orçamento acabou; nenhum roteador foi consultado.".to_owned(),
        NoRouter::Ended => "O pedido terminou antes que um modelo fosse escolhido.".to_owned(),
    }
}

fn by_rule(route: &str, model: &str, rule: Static) -> String {
    match rule {
        Static::Turn => format!("A rota {route} usa seus modelos em rodízio, e era a vez de {model}."),
        Static::Weights { propensity } => {
            format!("A rota {route} sorteou {model} pelos pesos de seus modelos{}.", drawn(propensity))
        }
        Static::Fastest { median_ms } => {
            let median =
                median_ms.map_or_else(String::new, |ms| format!(", com mediana de {} ms", decimal(Portuguese, ms, 0)));
            format!("A rota {route} escolheu {model}, o mais rápido de seus modelos nos últimos tempos{median}.")
        }
        Static::Untimed => format!("A rota {route} escolheu {model} porque seu tempo ainda não foi medido."),
        Static::Held => format!("Esta sessão já tinha {model} na rota {route} e o mantém."),
        Static::Pinned => format!("Um operador devolveu a rota {route} ao modelo padrão, {model}."),
        Static::Only { left_out: 0 } => format!("{model} é o único modelo da rota {route}."),
        Static::Only { left_out: 1 } => {
            format!("{model} era o único modelo da rota {route} que podia atender; 1 não podia.")
        }
        Static::Only { left_out } => {
            format!("{model} era o único modelo da rota {route} que podia atender; {left_out} não podiam.")
        }
        Static::NobodyEligible => format!(
            "Pelo que se sabe, nenhum modelo da rota {route} podia atender; por isso o modelo padrão, {model}, foi tentado."
        ),
        Static::StandIn => format!("O modelo padrão da rota {route} não podia atender; {model} atende em seu lugar."),
        Static::Default => format!("A rota {route} não tinha motivo para usar outro modelo além do padrão, {model}."),
    }
}

fn confident(learned: &Learned<'_>, how: &str) -> String {
    let Learned { route, model, .. } = learned;
    let confidence = match learned.confidence {
        Some(confidence) => format!("{how} ({})", decimal(Portuguese, confidence, 2)),
        None => "sem um número para a confiança, pois ainda se sabe pouco".to_owned(),
    };
    let forced = learned.floor.is_some_and(|floor| floor.forced);
    let sentence = match (learned.seat, forced) {
        (_, true) => format!(
            "A rota {route} teria tentado outro modelo, mas o piso de qualidade não podia pagar por isso; por isso {model} atende, {confidence}."
        ),
        (Seat::Held, _) => format!("Esta sessão já tinha {model} na rota {route} e o mantém, {confidence}."),
        (Seat::Default, _) => format!("A rota {route} mantém o modelo padrão, {model}, {confidence}."),
        (Seat::Chosen, _) => format!("A rota {route} escolheu {model} {confidence}."),
    };
    sentence + &known(learned)
}

/// Quality, where the knowledge comes from, and the floor's account.
fn known(learned: &Learned<'_>) -> String {
    let mut text = String::new();
    if let Some(quality) = learned.quality {
        text += &format!(" A qualidade esperada é de {}", percent(Portuguese, quality));
        match learned.samples {
            _ if learned.priors_alone => text += ", só por conhecimento prévio",
            Some(1) => text += ", com base em 1 resultado",
            Some(samples) => text += &format!(", com base em {} resultados", count(Portuguese, samples)),
            None => {}
        }
        if let Some((source, share)) = learned.weights.filter(|_| !learned.priors_alone).map(main_source) {
            text += &format!(" e sobretudo em {source} ({})", percent(Portuguese, share));
        }
        text.push('.');
    }
    if learned.pooled {
        text += " Um conhecimento prévio reunido entre organizações teve parte nisso.";
    }
    if let Some(floor) = &learned.floor {
        text += &account(floor);
    }
    text
}

fn account(floor: &FloorAccount) -> String {
    let by = match floor.source {
        FloorSource::Ratings => "pelas avaliações",
        FloorSource::Judge => "pelo juiz, pois ninguém avalia",
        FloorSource::Priors => "só por conhecimento prévio",
    };
    format!(
        " A conta do piso de {} estava em {} antes desta chamada e fica em {} com ela, {by}; o piso se mantém com probabilidade de {}.",
        percent(Portuguese, floor.floor),
        signed(Portuguese, floor.before),
        signed(Portuguese, floor.after),
        percent(Portuguese, floor.probability),
    )
}

fn main_source(weights: SourceWeights) -> (&'static str, f64) {
    let sources = [
        ("avaliações de sessões", weights.session),
        ("notas automáticas", weights.auto),
        ("avaliações manuais", weights.manual),
        ("benchmarks", weights.benchmark),
    ];
    sources.into_iter().fold(("benchmarks", 0.0), |best, next| if next.1 > best.1 { next } else { best })
}

fn drawn(propensity: Option<f64>) -> String {
    propensity.map_or_else(String::new, |share| format!(", com probabilidade de {}", percent(Portuguese, share)))
}

fn rated(priced: &Priced<'_>) -> String {
    let Some(complexity) = priced.complexity else { return "não avaliável".to_owned() };
    let tier = match complexity.tier {
        Tier::Simple => "simples",
        Tier::Moderate => "moderado",
        Tier::Complex => "complexo",
    };
    let intent = match complexity.intent {
        Intent::Code => "código",
        Intent::Math => "matemática",
        Intent::Reasoning => "raciocínio",
        Intent::General => "geral",
    };
    format!("{tier} ({} de 1, {intent})", decimal(Portuguese, complexity.score, 2))
}

fn costs(priced: &Priced<'_>) -> String {
    match (priced.cost, priced.baseline) {
        (Some(cost), Some(baseline)) if cost != baseline => {
            format!(
                " Custou {}; o modelo padrão teria custado {}.",
                money(Portuguese, cost),
                money(Portuguese, baseline)
            )
        }
        (Some(cost), _) => format!(" Custou {}.", money(Portuguese, cost)),
        (None, _) => String::new(),
    }
}

fn scored(bandit: &Bandit<'_>) -> String {
    match (bandit.score, bandit.samples) {
        (Some(score), Some(samples)) => {
            let calls =
                if samples == 1 { "1 chamada".to_owned() } else { format!("{} chamadas", count(Portuguese, samples)) };
            format!(" (nota {} de 1 em {calls})", decimal(Portuguese, score, 2))
        }
        (None, Some(samples)) => format!(" ({} chamadas até agora)", count(Portuguese, samples)),
        _ => String::new(),
    }
}
