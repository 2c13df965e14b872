"""Read text in English and Chinese: languages, sentences, stems, numbers, dates."""
