//! The DIGIT HCM client: login, projects, boundaries, pages.
