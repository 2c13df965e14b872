"""Readers of office formats: Office Open XML, OpenDocument and Excel workbooks."""
