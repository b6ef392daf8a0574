//! What the ledger gives out beside its pages: the exports of lists.

pub mod dispatch;
pub mod falling;
pub mod home;
pub mod view;
