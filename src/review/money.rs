//! Amounts: 万元 as documents spell them, 分 as tables keep them (1 万元 = 1,000,000 分).

use rust_decimal::Decimal;

/// 分 in 1 万元.
const FEN: i64 = 1_000_000;

/// 万元 as spelled canonically, in whole 分; `None` when it is no number, has parts of a 分 or does not fit.
#[must_use]
pub fn fen(wan: &str) -> Option<i64> {
    let wan: Decimal = wan.trim().parse().ok()?;
    let fen = wan.checked_mul(Decimal::from(FEN))?;
    if fen.fract().is_zero() {
        i64::try_from(fen).ok()
    } else {
        None
    }
}

/// 分 as 万元, spelled canonically.
#[must_use]
pub fn wan(fen: i64) -> String {
    let wan = Decimal::from(fen) / Decimal::from(FEN);
    wan.normalize().to_string()
}

/// By how much an amount changed, in percent with one decimal; `None` from nothing.
#[must_use]
pub fn percent(old: i64, new: i64) -> Option<String> {
    let change = Decimal::from(new) - Decimal::from(old);
    let share = change
        .checked_mul(Decimal::from(100))?
        .checked_div(Decimal::from(old))?;
    Some(share.round_dp(1).normalize().to_string())
}

/// Whether an amount changed by more than this percentage.
#[must_use]
pub fn is_over(old: i64, new: i64, percent: u32) -> bool {
    let change = (i128::from(new) - i128::from(old)).abs();
    change * 100 > i128::from(old).abs() * i128::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_go_there_and_back_exactly() {
        for (text, amount) in [("120.5", 120_500_000), ("0.000001", 1), ("-3", -3_000_000)] {
            assert_eq!(fen(text), Some(amount));
            assert_eq!(wan(amount), text);
        }
        assert_eq!(fen("0.0000001"), None);
        assert_eq!(fen("十万"), None);
    }

    #[test]
    fn a_change_is_over_a_limit_only_beyond_it() {
        let (old, ten) = (fen("100").unwrap(), fen("110").unwrap());
        assert!(!is_over(old, ten, 10) && is_over(old, ten + 1, 10));
        assert!(is_over(old, fen("80").unwrap(), 15));
        assert_eq!(percent(old, ten).as_deref(), Some("10"));
        assert_eq!(percent(0, ten), None);
    }
}
