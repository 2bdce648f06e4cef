"""The page for people, `/export`: a form, live numbers and the way to the API's download."""
