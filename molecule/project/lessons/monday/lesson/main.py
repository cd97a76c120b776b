print("Monday")
