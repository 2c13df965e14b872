"""PDF and pictures in; the text of each page, read off it where it is a picture, out."""
