"""Read HTML, XML and e-books."""
