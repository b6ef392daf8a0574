//! What counts as a good password.

use super::*;

fn codes(password: &str) -> Vec<String> {
    problems(&Rules::default(), "password", password, "zhang.san", "张三")
        .into_iter()
        .map(|p| p.code)
        .collect()
}

#[test]
fn good_ones_pass() {
    for good in [
        "Brisk-Lantern-42",
        "七号窗口Rain99",
        "vT9#kkwpLz",
        "K7F3-9WQX-M2NB-4TRD",
        "correct horse 9 Battery",
    ] {
        assert_eq!(codes(good), Vec::<String>::new(), "{good}");
    }
    // Enough of them that one of letters alone would be among them.
    for _ in 0..2_000 {
        assert_eq!(codes(&made().unwrap()), Vec::<String>::new());
    }
}

#[test]
fn every_fault_is_named() {
    assert_eq!(codes("aB3"), ["too_short", "common"]);
    assert_eq!(codes("briskxlanternq"), ["too_simple"]);
    assert_eq!(codes("Brisk\u{7}Lantern-42"), ["control_character"]);
    assert_eq!(codes("Brisk-zhang.san-42"), ["holds_name"]);
    assert_eq!(codes("Brisk-ZhangSan-42"), ["holds_name"]);
    assert_eq!(codes("Brisk-张三-42"), ["holds_name"]);
    assert_eq!(codes(&"aB3-".repeat(40)), ["too_long", "common"]);
}

#[test]
fn decorated_habits_are_common() {
    for bad in [
        "P@ssw0rd2024!",
        "Password@123",
        "Admin@2024!",
        "1qaz@WSX3edc",
        "!QAZ2wsx#EDC",
        "Qwerty123!@#",
        "Abc123456!",
        "Woaini1314520!",
        "Zhongguo@2024",
        "Shandong#1234",
        "Jinan@12345678",
        "Aa11111111!!",
        "Admin@Admin1",
        "Dashuju@2025",
        "Asdfghjkl;123",
        "Iloveyou@520",
        "Wangwei@1988",
        "Zhengfu@12345",
    ] {
        assert!(codes(bad).contains(&"common".to_owned()), "{bad}");
    }
}

#[test]
fn the_list_is_long_and_in_lower_case() {
    assert!(COMMON.len() >= 3_000, "{}", COMMON.len());
    assert!(
        COMMON
            .iter()
            .all(|w| *w == w.to_lowercase() && w.trim() == *w)
    );
}

#[test]
fn a_hash_fits_its_password_only() {
    let hasher = Hasher::new(2).unwrap();
    let hash = hasher.hash("Brisk-Lantern-42").unwrap();
    assert!(hash.starts_with("$argon2id$"));
    assert!(hasher.fits("Brisk-Lantern-42", Some(&hash)).unwrap());
    assert!(hasher.fits("Ｂrisk-Lantern-42", Some(&hash)).unwrap());
    assert!(!hasher.fits("brisk-lantern-42", Some(&hash)).unwrap());
    assert!(!hasher.fits("", None).unwrap());
    assert!(!hasher.fits(&"x".repeat(1_000_000), Some(&hash)).unwrap());
}
