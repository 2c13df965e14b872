"""Diagnose the installation, the models, the library and the machine."""
