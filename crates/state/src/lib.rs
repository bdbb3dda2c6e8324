//! What people make or edit, and the catalog of files: relational state.
