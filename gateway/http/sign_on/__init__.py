"""The provider's HTTP side: endpoints for programs, pages for residents."""
