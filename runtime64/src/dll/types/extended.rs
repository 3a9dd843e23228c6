//! The 80-bit floating-point format of x87, `long double` of System V: a 64-bit significand with an explicit leading
//! one, a 15-bit exponent, a sign (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 4.2.2).

use super::number::NumberBytes;

const BIAS: i32 = 16383;
const DOUBLE_BIAS: i32 = 1023;
const SPECIAL: u16 = 0x7fff;
const LEADING_ONE: u64 = 1 << 63;

/// Converts a double; exact.
pub(super) fn from_double(number: f64) -> NumberBytes {
    let bits = number.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let (exponent, significand) = match (exponent, fraction) {
        (0, 0) => (0, 0),
        // A double's subnormal numbers are normal here.
        (0, _) => {
            let shift = fraction.leading_zeros();
            (BIAS - DOUBLE_BIAS + 12 - shift as i32, fraction << shift)
        }
        (0x7ff, _) => (SPECIAL.into(), LEADING_ONE | fraction << 11),
        _ => (exponent + BIAS - DOUBLE_BIAS, LEADING_ONE | fraction << 11),
    };
    let sign = if number.is_sign_negative() { 0x8000 } else { 0 };
    let mut bytes = NumberBytes::default();
    bytes[..8].copy_from_slice(&significand.to_le_bytes());
    bytes[8..10].copy_from_slice(&(exponent as u16 | sign).to_le_bytes());
    bytes
}

/// Converts to the nearest double.
pub(super) fn to_double(bytes: &NumberBytes) -> f64 {
    let significand = super::number::first_eight(bytes);
    let head = u16::from_le_bytes([bytes[8], bytes[9]]);
    let exponent = head & SPECIAL;
    let magnitude = if exponent == SPECIAL {
        if significand << 1 == 0 { f64::INFINITY } else { f64::NAN }
    } else {
        scaled(significand as f64, i32::from(exponent) - BIAS - 63)
    };
    if head & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// The number times a power of two, in steps within a double's range.
fn scaled(number: f64, exponent: i32) -> f64 {
    const STEP: i32 = 1000;
    let (mut number, mut rest) = (number, exponent);
    while rest > STEP && number.is_finite() {
        number *= 2f64.powi(STEP);
        rest -= STEP;
    }
    while rest < -STEP && number != 0.0 {
        number *= 2f64.powi(-STEP);
        rest += STEP;
    }
    number * 2f64.powi(rest.clamp(-STEP, STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_kept_exactly() {
        let numbers = [0.0, -0.0, 1.0, -2.5, 0.1, 1e300, -1e-300, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::INFINITY];
        for number in numbers {
            assert_eq!(to_double(&from_double(number)).to_bits(), number.to_bits(), "{number:e}");
        }
        assert!(to_double(&from_double(f64::NAN)).is_nan());
    }

    #[test]
    fn the_bytes_match_the_processor_s_format() {
        // `long double x = 1.0L` and `-2.5L`, as GCC emits them for x86.
        assert_eq!(from_double(1.0)[..10], [0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f]);
        assert_eq!(from_double(-2.5)[..10], [0, 0, 0, 0, 0, 0, 0, 0xa0, 0x00, 0xc0]);
    }

    #[test]
    fn values_beyond_a_double_s_precision_are_rounded() {
        let mut third = NumberBytes::default();
        third[..10].copy_from_slice(&[0xab, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xfd, 0x3f]);
        assert_eq!(to_double(&third), 1.0 / 3.0);
        third[8..10].copy_from_slice(&0x7ffe_u16.to_le_bytes());
        assert_eq!(to_double(&third), f64::INFINITY, "beyond the range of doubles");
        third[8..10].copy_from_slice(&0_u16.to_le_bytes());
        assert_eq!(to_double(&third), 0.0, "too small for a double");
    }
}
