"""The web: pages in any browser, messages by SMS."""
