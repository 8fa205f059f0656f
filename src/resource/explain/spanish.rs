//! Explanations in Spanish.

use super::language::Language::Spanish;
use super::number::{count, decimal, money, percent, signed};
use super::template::{Bandit, Learned, NoRouter, Priced, Seat, Static, Template};
use crate::resource::assessment::{FloorAccount, FloorSource, Intent, SourceWeights, Tier};

pub(super) fn text(template: &Template<'_>) -> String {
    match template {
        Template::CacheHit { saved } => {
            let saved = saved.map_or_else(String::new, |saved| format!(" Eso ahorró {}.", money(Spanish, saved)));
            format!("La respuesta vino de la caché; no se llamó a ningún modelo.{saved}")
        }
        Template::FirewallBlocked => "El cortafuegos rechazó la entrada; no se llamó a ningún modelo.".to_owned(),
        Template::NoRouterInvoked(cause) => no_router(*cause),
        Template::FallbackOnly { model, nobody_eligible: true, .. } => {
            format!(
                "Por lo que se sabe, ningún modelo de la lista podía atender; aun así se probó el primero, {model}."
            )
        }
        Template::FallbackOnly { model, left_out: 0, .. } => {
            format!("{model} es el primero de la lista y podía atender.")
        }
        Template::FallbackOnly { model, left_out, .. } => {
            let (could, models) = if *left_out == 1 { ("podía", "modelo") } else { ("podían", "modelos") };
            format!("{model} es el primero de la lista que podía atender; {left_out} {models} de la lista no {could}.")
        }
        Template::StaticStrategy { route, model, rule } => by_rule(route, model, *rule),
        Template::ProviderFallback { chosen, served, attempts, error } => {
            let error = error.map_or_else(String::new, |error| format!(" ({error})"));
            match served {
                Some(served) => {
                    format!("Se eligió {chosen} y falló{error}; {served} respondió en el intento {attempts}.")
                }
                None if *attempts == 1 => {
                    format!("Se eligió {chosen} y falló{error}; no había otro modelo al que recurrir.")
                }
                None => format!("Se eligió {chosen} y nadie respondió en {attempts} intentos; el último falló{error}."),
            }
        }
        Template::FeedbackDrivenHighConfidence(learned) => confident(learned, "con confianza alta"),
        Template::FeedbackDrivenModerateConfidence(learned) => confident(learned, "con confianza moderada"),
        Template::FeedbackDrivenLowConfidence(learned) => confident(learned, "con confianza baja"),
        Template::FeedbackDrivenExploration(learned) => {
            let drawn = drawn(learned.propensity);
            let Learned { route, model, .. } = learned;
            format!("La ruta {route} dio esta llamada a {model} para aprender{drawn}.{}", known(learned))
        }
        Template::SmartCostSelected(priced) => {
            let Priced { route, model, .. } = priced;
            format!(
                "La ruta {route} calificó la petición de {}: {model} es lo bastante bueno para ella y cuesta menos.{}",
                rated(priced),
                costs(priced)
            )
        }
        Template::SmartCostDefaultKept(priced) => {
            let Priced { route, model, .. } = priced;
            let cost = costs(&Priced { baseline: None, ..*priced });
            let because = match priced.complexity.map(|complexity| complexity.tier) {
                Some(Tier::Complex) | None => "por eso atiende su modelo predeterminado,",
                Some(_) => {
                    "pero no conoce un modelo más barato que sea lo bastante bueno; por eso atiende su modelo predeterminado,"
                }
            };
            format!("La ruta {route} calificó la petición de {}, {because} {model}.{}", rated(priced), cost)
        }
        Template::SmartSelectExploit(bandit) => {
            let Bandit { route, model, .. } = bandit;
            format!(
                "La ruta {route} eligió {model}, su mejor modelo en calidad, coste, latencia, fiabilidad y seguridad{}.",
                scored(bandit)
            )
        }
        Template::SmartSelectExplore(bandit) => {
            let Bandit { route, model, propensity, .. } = bandit;
            format!("La ruta {route} probó {model} para saber más de él{}{}.", drawn(*propensity), scored(bandit))
        }
        Template::CanaryAssigned { route, model, share } => {
            let share =
                share.map_or_else(String::new, |share| format!(", como el {} de ellas", percent(Spanish, share)));
            format!("Esta sesión se asignó al canario {model} en la ruta {route}{share}.")
        }
    }
}

fn no_router(cause: NoRouter<'_>) -> String {
    match cause {
        NoRouter::Named(model) => format!("El propio cliente indicó {model}; no se consultó a ningún enrutador."),
        NoRouter::Passthrough(model) => {
            format!(
                "El modo passthrough está activo: la petición fue a {model} sin cambios y no se consultó a ningún enrutador."
            )
        }
        NoRouter::RateLimited => {
            "Un límite de frecuencia rechazó la petición; no se consultó a ningún enrutador.".to_owned()
        }
        NoRouter::BudgetExceeded => "El presupuesto se agotó; no se consultó a ningún enrutador.".to_owned(),
        NoRouter::Ended => "La petición terminó antes de que se eligiera un modelo.".to_owned(),
    }
}

fn by_rule(route: &str, model: &str, rule: Static) -> String {
    match rule {
        Static::Turn => format!("La ruta {route} usa sus modelos por turnos, y era el turno de {model}."),
        Static::Weights { propensity } => {
            format!("La ruta {route} sorteó {model} por los pesos de sus modelos{}.", drawn(propensity))
        }
        Static::Fastest { median_ms } => {
            let median =
                median_ms.map_or_else(String::new, |ms| format!(", con una mediana de {} ms", decimal(Spanish, ms, 0)));
            format!("La ruta {route} eligió {model}, el más rápido de sus modelos últimamente{median}.")
        }
        Static::Untimed => format!("La ruta {route} eligió {model} porque aún no se ha medido su tiempo."),
        Static::Held => format!("Esta sesión ya tenía {model} en la ruta {route} y lo conserva."),
        Static::Pinned => format!("Un operador devolvió la ruta {route} a su modelo predeterminado, {model}."),
        Static::Only { left_out: 0 } => format!("{model} es el único modelo de la ruta {route}."),
        Static::Only { left_out: 1 } => {
            format!("{model} era el único modelo de la ruta {route} que podía atender; 1 no podía.")
        }
        Static::Only { left_out } => {
            format!("{model} era el único modelo de la ruta {route} que podía atender; {left_out} no podían.")
        }
        Static::NobodyEligible => format!(
            "Por lo que se sabe, ningún modelo de la ruta {route} podía atender; por eso se probó su modelo predeterminado, {model}."
        ),
        Static::StandIn => {
            format!("El modelo predeterminado de la ruta {route} no podía atender; {model} atiende en su lugar.")
        }
        Static::Default => {
            format!("La ruta {route} no tenía motivo para usar otro modelo que el predeterminado, {model}.")
        }
    }
}

fn confident(learned: &Learned<'_>, how: &str) -> String {
    let Learned { route, model, .. } = learned;
    let confidence = match learned.confidence {
        Some(confidence) => format!("{how} ({})", decimal(Spanish, confidence, 2)),
        None => "sin una cifra de confianza, porque aún se sabe poco".to_owned(),
    };
    let forced = learned.floor.is_some_and(|floor| floor.forced);
    let sentence = match (learned.seat, forced) {
        (_, true) => format!(
            "La ruta {route} habría probado otro modelo, pero su suelo de calidad no podía pagarlo; por eso atiende {model}, {confidence}."
        ),
        (Seat::Held, _) => format!("Esta sesión ya tenía {model} en la ruta {route} y lo conserva, {confidence}."),
        (Seat::Default, _) => format!("La ruta {route} conserva su modelo predeterminado, {model}, {confidence}."),
        (Seat::Chosen, _) => format!("La ruta {route} eligió {model} {confidence}."),
    };
    sentence + &known(learned)
}

/// Quality, where the knowledge comes from, and the floor's account.
fn known(learned: &Learned<'_>) -> String {
    let mut text = String::new();
    if let Some(quality) = learned.quality {
        text += &format!(" Su calidad esperada es del {}", percent(Spanish, quality));
        match learned.samples {
            _ if learned.priors_alone => text += ", solo por conocimiento previo",
            Some(1) => text += ", a partir de 1 resultado",
            Some(samples) => text += &format!(", a partir de {} resultados", count(Spanish, samples)),
            None => {}
        }
        if let Some((source, share)) = learned.weights.filter(|_| !learned.priors_alone).map(main_source) {
            text += &format!(" y sobre todo de {source} ({})", percent(Spanish, share));
        }
        text.push('.');
    }
    if learned.pooled {
        text += " Un conocimiento previo reunido entre organizaciones tuvo parte en ello.";
    }
    if let Some(floor) = &learned.floor {
        text += &account(floor);
    }
    text
}

fn account(floor: &FloorAccount) -> String {
    let by = match floor.source {
        FloorSource::Ratings => "según las valoraciones",
        FloorSource::Judge => "según el juez, pues nadie valora",
        FloorSource::Priors => "solo por conocimiento previo",
    };
    format!(
        " La cuenta de su suelo del {} estaba en {} antes de esta llamada y queda en {} con ella, {by}; el suelo se mantiene con una probabilidad del {}.",
        percent(Spanish, floor.floor),
        signed(Spanish, floor.before),
        signed(Spanish, floor.after),
        percent(Spanish, floor.probability),
    )
}

fn main_source(weights: SourceWeights) -> (&'static str, f64) {
    let sources = [
        ("valoraciones de sesiones", weights.session),
        ("notas automáticas", weights.auto),
        ("valoraciones manuales", weights.manual),
        ("pruebas públicas", weights.benchmark),
    ];
    sources.into_iter().fold(("pruebas públicas", 0.0), |best, next| if next.1 > best.1 { next } else { best })
}

fn drawn(propensity: Option<f64>) -> String {
    propensity.map_or_else(String::new, |share| format!(", con una probabilidad del {}", percent(Spanish, share)))
}

fn rated(priced: &Priced<'_>) -> String {
    let Some(complexity) = priced.complexity else { return "no calificable".to_owned() };
    let tier = match complexity.tier {
        Tier::Simple => "sencilla",
        Tier::Moderate => "moderada",
        Tier::Complex => "compleja",
    };
    let intent = match complexity.intent {
        Intent::Code => "código",
        Intent::Math => "matemáticas",
        Intent::Reasoning => "razonamiento",
        Intent::General => "general",
    };
    format!("{tier} ({} de 1, {intent})", decimal(Spanish, complexity.score, 2))
}

fn costs(priced: &Priced<'_>) -> String {
    match (priced.cost, priced.baseline) {
        (Some(cost), Some(baseline)) if cost != baseline => format!(
            " Costó {}; el modelo predeterminado habría costado {}.",
            money(Spanish, cost),
            money(Spanish, baseline)
        ),
        (Some(cost), _) => format!(" Costó {}.", money(Spanish, cost)),
        (None, _) => String::new(),
    }
}

fn scored(bandit: &Bandit<'_>) -> String {
    match (bandit.score, bandit.samples) {
        (Some(score), Some(samples)) => {
            let calls =
                if samples == 1 { "1 llamada".to_owned() } else { format!("{} llamadas", count(Spanish, samples)) };
            format!(" (nota {} de 1 en {calls})", decimal(Spanish, score, 2))
        }
        (None, Some(samples)) => format!(" ({} llamadas hasta ahora)", count(Spanish, samples)),
        _ => String::new(),
    }
}
