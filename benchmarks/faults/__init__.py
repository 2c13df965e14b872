"""Small inputs on which the program fell short, each as a case with the right result as an assertion."""
