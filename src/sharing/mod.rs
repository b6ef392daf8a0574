//! 共享对接: data that departments give each other, and the statutory clocks of giving it.
//!
//! A link is an entry of the register `sharing_link`, owned by the provider; what each end says of it stands beside it.
//! Law: 政务数据共享条例 (国务院令第809号).

pub mod map;
