//! What the ledger gives out beside its pages: the exports of lists.

pub mod home;
pub mod view;
