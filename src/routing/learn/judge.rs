//! The judge's scores on the scale of ratings, and who it is that answers when asked for a rating.
//!
//! A judge gives up to four dimensions for a request. Their mean is the composite. Where a session has both scores and a
//! rating, the difference is regressed on the scores, so that the composite moves towards what people say; how far the
//! judge is off for one arm is the difference of the two mean gaps, shrunk by the variance `tau^2` of such biases.
//!
//! Ratings are not missing at random. For three classes of the judge's score we count how many judged sessions were
//! rated. A rating from a class that seldom answers counts for more:
//!
//! ```text
//! weight = (share rated of all) / (share rated of this class)        clipped to [0.2, 5]
//! y_DR   = y_judge + weight (y - y_judge)                            the doubly robust form, for the regression
//! ```

use super::guard::Gap;
use super::linear::Linear;
use serde::{Deserialize, Serialize};

/// Dimensions that a judge gives: relevance, coherence, helpfulness, safety.
pub const DIMENSIONS: usize = 4;

/// What the judge said of one unit, each 0..1; a missing dimension takes the mean of the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores(pub [Option<f64>; DIMENSIONS]);

impl Scores {
    /// A judge that gives one number.
    #[must_use]
    pub const fn composite_only(score: f64) -> Self {
        Self([Some(score), None, None, None])
    }

    /// The mean of what was given; `None` where nothing usable was.
    #[must_use]
    pub fn composite(&self) -> Option<f64> {
        let usable: Vec<f64> = self.0.iter().flatten().copied().filter(|score| score.is_finite()).collect();
        #[expect(clippy::cast_precision_loss, reason = "at most four")]
        let count = usable.len() as f64;
        (!usable.is_empty()).then(|| (usable.iter().sum::<f64>() / count).clamp(-0.5, 1.5))
    }

    fn features(&self, composite: f64) -> Vec<f64> {
        let dimension = |score: &Option<f64>| score.filter(|score| score.is_finite()).unwrap_or(composite) - 0.5;
        std::iter::once(1.0).chain(self.0.iter().map(dimension)).collect()
    }
}

/// The judge of a tenant against the tenant's ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    shift: Linear,
    classes: [Class; 3],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Class {
    judged: f64,
    rated: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        // No shift, worth ten sessions; ridge 10 on the dimensions.
        Self { shift: Linear::new(DIMENSIONS + 1, 10.0, 0.0, 10.0), classes: Default::default() }
    }
}

/// Sessions that each class is taken to have answered like the others before it is counted.
const ALIKE: f64 = 20.0;

impl Calibration {
    /// The quality that these scores stand for.
    #[must_use]
    pub fn quality(&self, scores: &Scores) -> Option<f64> {
        let composite = scores.composite()?;
        Some((composite + self.shift.mean(&scores.features(composite))).clamp(-0.5, 1.3))
    }

    /// A session was judged.
    pub fn judged(&mut self, scores: &Scores) {
        if let Some(class) = scores.composite().and_then(|composite| self.classes.get_mut(class_of(composite))) {
            class.judged += 1.0;
        }
    }

    /// A judged session was rated.
    pub fn rated(&mut self, scores: &Scores, quality: f64) {
        let Some(composite) = scores.composite() else { return };
        self.shift.observe(&scores.features(composite), quality - composite, 1.0, 1.0);
        if let Some(class) = self.classes.get_mut(class_of(composite)) {
            class.rated += 1.0;
        }
    }

    /// What a rating of a session with these scores counts for.
    #[must_use]
    pub fn response_weight(&self, scores: &Scores) -> f64 {
        let (judged, rated) = self.classes.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.judged, sum.1 + c.rated));
        let Some(class) = scores.composite().and_then(|composite| self.classes.get(class_of(composite))) else {
            return 1.0;
        };
        if judged <= 0.0 || rated <= 0.0 {
            return 1.0;
        }
        let all = rated / judged;
        let own = (class.rated + ALIKE * all) / (class.judged + ALIKE);
        (all / own).clamp(0.2, 5.0)
    }
}

fn class_of(composite: f64) -> usize {
    usize::from(composite >= 0.4) + usize::from(composite >= 0.75)
}

/// How far the judge is off for one arm: the difference between its mean gap and that of ratings, shrunk.
#[must_use]
pub fn bias(judged: &Gap, rated: &Gap, tau: f64) -> f64 {
    let both = judged.count.min(rated.count);
    if rated.count <= 3.0 || judged.count <= 0.0 || tau <= 0.0 {
        return 0.0;
    }
    (judged.mean() - rated.mean()) * both / (both + 0.25 / (tau * tau))
}
