//! Issues by whose they are and when they are due.
