"""WeChat Pay API v3 as a local server: real signatures both ways, real encryption, its habits and its misfortunes."""
