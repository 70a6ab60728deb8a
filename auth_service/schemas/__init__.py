"""Bodies of the account calls. Fields that are not named here are refused: nobody sets their own roles
(mass assignment, ASVS 5.0 §15.3.3).
"""
