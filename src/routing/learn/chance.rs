//! Chance that can be repeated: the same seed gives the same numbers on every machine and in every release,
//! because a decision must recompute from its record for years.
//!
//! The generator is xoshiro256++ (Blackman and Vigna 2019), seeded through splitmix64. The normal deviate is the
//! inverse of the distribution function by Wichura's AS 241 (1988). It uses additions, products, quotients and square
//! roots only, which IEEE 754 fixes to the last bit; the logarithm of the tails is our own, because the one of a
//! system's library is not.

/// A seeded stream of numbers.
#[derive(Debug, Clone)]
pub struct Chance {
    state: [u64; 4],
}

impl Chance {
    /// The stream of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut place = seed;
        Self { state: std::array::from_fn(|_| splitmix(&mut place)) }
    }

    /// Sixty-four even bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        let (b2, a2) = (b ^ c, a ^ d);
        self.state = [a2, b2, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// An even number of [0, 1), in steps of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let bits = (self.bits() >> 11) as f64;
        bits * (1.0 / 9_007_199_254_740_992.0)
    }

    /// An even whole number below `limit`; 0 where the limit is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let wide = u128::from(self.bits()) * (limit as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A standard normal deviate.
    pub fn normal(&mut self) -> f64 {
        // Half a step from both ends: the tails stay finite.
        quantile(self.uniform() + 0.5 / 9_007_199_254_740_992.0)
    }
}

/// One step of splitmix64: turns seeds that lie close together into streams that do not.
pub fn splitmix(place: &mut u64) -> u64 {
    *place = place.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *place;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The point below which a standard normal falls with probability `p`, for 0 < p < 1.
#[must_use]
pub fn quantile(p: f64) -> f64 {
    let centred = p - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * ratio(r, &CENTRE_TOP, &CENTRE_BOTTOM);
    }
    let tail = if centred < 0.0 { p } else { 1.0 - p };
    let r = (-ln(tail.max(f64::MIN_POSITIVE))).sqrt();
    let far = if r <= 5.0 { ratio(r - 1.6, &NEAR_TOP, &NEAR_BOTTOM) } else { ratio(r - 5.0, &FAR_TOP, &FAR_BOTTOM) };
    if centred < 0.0 { -far } else { far }
}

/// The probability that a standard normal falls below `x`; good to 1e-7 (Abramowitz and Stegun 26.2.17).
#[must_use]
pub fn distribution(x: f64) -> f64 {
    if !x.is_finite() {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let poly =
        t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let upper = 0.398_942_280_401_432_7 * (-0.5 * x * x).exp() * poly;
    if x >= 0.0 { 1.0 - upper } else { upper }
}

/// The natural logarithm of a positive, normal number by the series of the inverse hyperbolic tangent.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0) - 1023;
    let mut mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let square = z * z;
    let series = [17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0]
        .iter()
        .fold(1.0 / 19.0, |sum: f64, odd: &f64| sum * square + 1.0 / odd);
    2.0 * z * series + f64::from(exponent) * std::f64::consts::LN_2
}

/// The quotient of two polynomials, highest power first.
fn ratio(x: f64, top: &[f64; 8], bottom: &[f64; 8]) -> f64 {
    let value = |terms: &[f64; 8]| terms.iter().fold(0.0, |sum, term| sum * x + term);
    value(top) / value(bottom)
}

const CENTRE_TOP: [f64; 8] = [
    2.509_080_928_730_122_7e3,
    3.343_057_558_358_813e4,
    6.726_577_092_700_87e4,
    4.592_195_393_154_987e4,
    1.373_169_376_550_946e4,
    1.971_590_950_306_551_4e3,
    1.331_416_678_917_843_8e2,
    3.387_132_872_796_366_6,
];
const CENTRE_BOTTOM: [f64; 8] = [
    5.226_495_278_852_854e3,
    2.872_908_573_572_194_3e4,
    3.930_789_580_009_271e4,
    2.121_379_430_158_659_6e4,
    5.394_196_021_424_751e3,
    6.871_870_074_920_579e2,
    4.231_333_070_160_091e1,
    1.0,
];
const NEAR_TOP: [f64; 8] = [
    7.745_450_142_783_414e-4,
    2.272_384_498_926_918_5e-2,
    2.417_807_251_774_506e-1,
    1.270_458_252_452_368_4,
    3.647_848_324_763_204_6,
    5.769_497_221_460_691,
    4.630_337_846_156_546,
    1.423_437_110_749_683_6,
];
const NEAR_BOTTOM: [f64; 8] = [
    1.050_750_071_644_416_8e-9,
    5.475_938_084_995_345e-4,
    1.519_866_656_361_645_7e-2,
    1.481_039_764_274_800_8e-1,
    6.897_673_349_851e-1,
    1.676_384_830_183_803_8,
    2.053_191_626_637_759,
    1.0,
];
const FAR_TOP: [f64; 8] = [
    2.010_334_399_292_288_1e-7,
    2.711_555_568_743_487_6e-5,
    1.242_660_947_388_078_4e-3,
    2.653_218_952_657_612_4e-2,
    2.965_605_718_285_048_9e-1,
    1.784_826_539_917_291_3,
    5.463_784_911_164_114,
    6.657_904_643_501_103,
];
const FAR_BOTTOM: [f64; 8] = [
    2.044_263_103_389_939_8e-15,
    1.421_511_758_316_446e-7,
    1.846_318_317_510_054_7e-5,
    7.868_691_311_456_133e-4,
    1.487_536_129_085_061_5e-2,
    1.369_298_809_227_358e-1,
    5.998_322_065_558_88e-1,
    1.0,
];
