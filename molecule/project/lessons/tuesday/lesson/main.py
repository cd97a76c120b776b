print("Tuesday")
