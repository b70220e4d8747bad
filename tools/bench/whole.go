package main

func wholeRows() []row { return nil }
