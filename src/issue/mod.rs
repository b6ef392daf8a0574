//! 对接难点问题: difficulties of connecting data and systems, for CDOs to settle with proof.
//!
//! Law: 政务数据共享条例 (国务院令第809号) article 28, the ladder of disputes; 山东省首席数据代表(官)制度建设实施方案, duty 7.
