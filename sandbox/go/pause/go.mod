module appdev-sandbox/pause

go 1.24.0
