"""/api/v1. One file per family, with its table `endpoints`; the folder is the registry."""
