//! What the arms have in common: which requests are hard for all of them.
//!
//! Each arm's slopes are taken to lie around common slopes `s`, which are estimated from all arms' observations at once.
//! With the arm's own moments centred (`S` of features, `r` of features and quality), ridge `k` between the arm and the
//! common slopes and ridge `c` between these and nothing:
//!
//! ```text
//! (c I + sum_k [ k I - k^2 (S_k + k I)^-1 ]) s = sum_k k (S_k + k I)^-1 r_k
//! ```
//!
//! An arm that was seldom tried so starts from what is known of the others: its level is its own, the shape is shared. If
//! benchmarks are off for all arms by the same amount on this traffic, the common shift of the levels takes that up.

use super::linear::{Linear, add_scaled, dot, inverse};

/// Observations of an arm from which on it says something about the common slopes.
const ENOUGH: f64 = 3.0;
/// Variance of what an arm's prior is off by on its own.
const OWN_SHIFT: f64 = 0.01;
/// Variance of an outcome at the usual noise.
const NOISE: f64 = 0.16;

/// The common slopes; the first number, the constant's, is 0.
#[must_use]
pub fn common_slopes<'a>(arms: impl Iterator<Item = &'a Linear>, dimension: usize, own: f64, held: f64) -> Vec<f64> {
    let mut left = diagonal(dimension, held);
    let mut right = vec![0.0; dimension];
    for arm in arms.filter(|arm| arm.count() >= ENOUGH) {
        let count = arm.count();
        let first_row: Vec<f64> = arm.outer().iter().take(dimension).map(|sum| sum / count).collect();
        let quality = arm.moment().first().copied().unwrap_or(0.0) / count;
        let mut centred = arm.outer().to_vec();
        for (place, (row, mean)) in centred.chunks_exact_mut(dimension).zip(&first_row).enumerate() {
            add_scaled(row, &first_row, -count * mean);
            if let Some(on) = row.get_mut(place) {
                *on += own;
            }
        }
        clear_constant(&mut centred, dimension);
        let mut response: Vec<f64> =
            arm.moment().iter().zip(&first_row).map(|(sum, mean)| sum - count * mean * quality).collect();
        if let Some(constant) = response.first_mut() {
            *constant = 0.0;
        }
        let inverse = inverse(centred, dimension);
        for (place, (row, (left_row, right))) in
            inverse.chunks_exact(dimension).zip(left.chunks_exact_mut(dimension).zip(&mut right)).enumerate().skip(1)
        {
            *right += own * dot(row, &response);
            add_scaled(left_row, row, -own * own);
            if let Some(constant) = left_row.first_mut() {
                *constant = 0.0;
            }
            if let Some(on) = left_row.get_mut(place) {
                *on += own;
            }
        }
    }
    let solved = inverse(left, dimension);
    let mut slopes: Vec<f64> = solved.chunks_exact(dimension).map(|row| dot(row, &right)).collect();
    if let Some(constant) = slopes.first_mut() {
        *constant = 0.0;
    }
    slopes
}

/// By how much all priors are off together: a mean of each arm's own, held at 0 with the standard error `shift`.
#[must_use]
pub fn common_shift<'a>(
    arms: impl Iterator<Item = (&'a Linear, f64)>,
    slopes: &[f64],
    centre: &[f64],
    scale: f64,
    shift: f64,
) -> f64 {
    if shift <= 0.0 {
        return 0.0;
    }
    let (mut weights, mut sum) = (1.0 / (shift * shift), 0.0);
    for (arm, prior) in arms.filter(|(arm, _)| arm.count() >= 1.0) {
        let count = arm.count();
        let quality = arm.moment().first().copied().unwrap_or(0.0) / count;
        let mean = arm.outer().iter().take(centre.len()).map(|sum| sum / count);
        let lean: f64 = mean.zip(centre).zip(slopes).skip(1).map(|((own, usual), slope)| slope * (own - usual)).sum();
        let weight = 1.0 / (OWN_SHIFT + NOISE * scale / count);
        weights += weight;
        sum += weight * (quality - lean - prior);
    }
    sum / weights
}

fn diagonal(dimension: usize, value: f64) -> Vec<f64> {
    let mut matrix = vec![0.0; dimension * dimension];
    matrix.iter_mut().step_by(dimension + 1).for_each(|own| *own = value);
    if let Some(constant) = matrix.first_mut() {
        *constant = 1.0;
    }
    matrix
}

/// Takes the constant out of a matrix: its row and column are those of the unit matrix.
fn clear_constant(matrix: &mut [f64], dimension: usize) {
    for (place, row) in matrix.chunks_exact_mut(dimension).enumerate() {
        if place == 0 {
            row.fill(0.0);
        }
        if let Some(constant) = row.first_mut() {
            *constant = f64::from(u8::from(place == 0));
        }
    }
}
