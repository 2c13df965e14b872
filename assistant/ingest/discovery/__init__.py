"""Find the files to read and say why others are left out."""
