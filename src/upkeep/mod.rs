//! 备份、恢复、签名检查点: what keeps a ledger beyond the machine it lies on.
//!
//! A chain proves nothing against somebody who can write all of it anew or cut its end; a signed checkpoint that has
//! left the machine does. A backup is read and verified as a whole before anything of the standing ledger is touched.

pub mod archive;
pub mod backup;
pub mod checkpoint;
pub mod restore;
mod seal;
pub mod serving;

pub use seal::Seal;
