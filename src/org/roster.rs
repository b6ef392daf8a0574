//! People by workbook: in with a preview, out so that it reads back, and the empty list to fill in.
